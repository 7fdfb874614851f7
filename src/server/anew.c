/* anew.c — a personal stream rendered anew from where its listener is (see anew.h).
 *
 * The second stream opens with the parameters as they were, as if it had always played, and takes the change
 * with its first block: so parts fade and levels glide as they would have. Opening in the middle costs ten
 * or twenty milliseconds of rendering, which is why nobody gets more than a few a second; what is turned in
 * between reaches the stream at hand and is heard when the next one is made, a quarter of a second later.
 * Where the processor is short it may take longer than is worth waiting for: then the stream at hand takes
 * the change as well, so that it is heard a buffer's depth later at the latest. */
#include "server/anew.h"

#include "base/monotonic.h"

#include <stdlib.h>

static const int64_t APART = 250 * MONOTONIC_MS, SOON = 80 * MONOTONIC_MS, PATIENCE = MONOTONIC_SECOND;
enum { WORTH_MS = 150 };

static bool waits_for_beat(auralis_parameter_set set) {
    for (int i = 0; i < auralis_parameter_count(); i++)
        if ((set >> i & 1) && auralis_parameter_at(i)->timing != AURALIS_AT_BLOCK) return true;
    return false;
}

static bool worth_it(const struct listener *l, uint64_t heard) {
    const struct feed *f = &l->feed;
    uint64_t worth = (uint64_t)f->rate * WORTH_MS / 1000;
    return heard >= f->first && heard + worth < f->frame && !l->close_code;
}

static bool open_there(struct listener *l, uint64_t heard) {
    struct feed *to = &l->anew.feed;
    struct live_state state;
    auralis_stream_status status;
    live_read_state(l->feed.stream, &state);
    live_read_status(l->feed.stream, &status);
    if (status.beat_frame > heard) return false;
    struct live_spec spec = {.stream = {.seed = l->request.seed,
                                        .sample_rate = l->feed.rate,
                                        .parameters = &state.parameters,
                                        .start = heard,
                                        .beat_frame = status.beat_frame,
                                        .beat = status.beat},
                             .depth = listener_depth(l->feed.chunk),
                             .narrow = l->request.format == STREAM_INT16,
                             .notify = loop_wake,
                             .self = l->loop};
    *to = (struct feed){
        .own = true, .rate = l->feed.rate, .chunk = l->feed.chunk, .first = heard, .frame = heard};
    if (live_open(l->loop->server->live, &spec, &to->stream) < 0) *to = (struct feed){0};
    return to->stream != NULL;
}

static bool add(struct listener *l, const auralis_parameters *values, auralis_parameter_set set) {
    struct anew *a = &l->anew;
    if (!set) return true;
    uint64_t ticket = live_set(a->feed.stream, values, set);
    if (!ticket) return false;
    a->ticket = ticket;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (set >> i & 1) auralis_parameters_put(&a->values, i, auralis_parameters_get(values, i), NULL);
    a->set |= set;
    return true;
}

bool anew_begin(struct listener *l, uint64_t heard, const auralis_parameters *values,
                auralis_parameter_set set) {
    struct anew *a = &l->anew;
    int64_t now = monotonic_now();
    if (a->feed.stream) return add(l, values, set) && !a->late;
    if (waits_for_beat(set)) return false;
    if (now - a->done < APART) {
        a->again = a->done + APART;
        a->heard = heard + monotonic_frames(a->again - now, l->feed.rate);
        return false;
    }
    a->again = 0;
    if (!worth_it(l, heard) || !open_there(l, heard)) return false;
    a->set = 0;
    a->ticket = 0;
    a->late = false;
    a->begun = now;
    if (!add(l, values, set) || (l->feed.encoding && listener_encode(l, &a->feed) < 0)) {
        anew_forget(l);
        return false;
    }
    feed_want(&a->feed);
    listener_wait(l);
    return true;
}

/* The first takes the change itself. */
static void change_first(struct listener *l) {
    struct refusal why;
    if (!l->anew.late && l->anew.set) listener_change(l, &l->anew.values, l->anew.set, &why);
    l->anew.late = true;
}

/* The change that the second stream took is told of once more: its count of changes begins anew. */
static void replace(struct listener *l, int64_t now) {
    struct anew *a = &l->anew;
    l->base += monotonic_span(a->feed.first - l->feed.first, l->feed.rate);
    feed_close(&l->feed);
    l->feed = a->feed;
    free(l->bridge); /* the client fades over to what was rendered anew */
    l->bridge = NULL;
    a->feed = (struct feed){0};
    a->first = true;
    a->done = a->until = now;
    l->ticket_seen = 0;
    l->ticket_own = a->ticket;
    listener_check_changes(l);
}

void anew_look(struct listener *l, int64_t now) {
    struct feed *f = &l->anew.feed;
    bool lost = false;
    if (!f->stream) {
        if (l->anew.again && now >= l->anew.again) anew_begin(l, l->anew.heard, NULL, 0);
    } else if (live_failed(f->stream) || live_fate(f->stream) == LIVE_WAITS ||
               (f->encoding && encoding_failed(f->encoding)) || now - l->anew.begun > PATIENCE) {
        change_first(l);
        anew_forget(l);
    } else if (feed_ready(f, &lost)) {
        replace(l, now);
    } else {
        if (now - l->anew.begun >= SOON) change_first(l);
        feed_want(f);
        listener_wait(l);
    }
}

int64_t anew_next(const struct listener *l) {
    const struct anew *a = &l->anew;
    return a->feed.stream && !a->late ? a->begun + SOON : a->again;
}

void anew_forget(struct listener *l) {
    if (l->anew.feed.stream) feed_close(&l->anew.feed);
}
