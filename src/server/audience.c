/* audience.c — a part to everybody who is due (see audience.h).
 *
 * Sending a part costs what the kernel takes for one send(); so what is around it is kept to a walk over an
 * array of descriptors. Members sit in no order, and the walk goes backwards: who falls out is replaced by
 * the last one, who has had his part already. A send is the cheaper the more follow one another, but whoever
 * else is on this loop is not to wait for thousands: every ROW of them the walk lets others pass. */
#include "server/audience.h"
#include "server/loop.h"
#include "server/stations.h"

#include "base/monotonic.h"

#include <errno.h>

static const int64_t RETRY = 5 * MONOTONIC_MS, LAG = MONOTONIC_SECOND;
enum { SEATS_MIN = 16, ROW = 256 };

struct seat {
    int descriptor;
    bool titles;
    struct audience_member *member;
};

struct round {
    struct wake wake;
    struct loop *loop;
    struct round *next;
    const struct station *station;
    const struct encoding *encoding;
    int64_t base;
    uint64_t part, frame; /* the next one, and where it begins */
    uint32_t count, room;
    uint32_t left; /* of the seats, so many still lack the part before the next one */
    struct seat *seat;
};

/* Seats -------------------------------------------------------------------------------------------------- */

static void end_round(struct round *r) {
    struct round **at = &r->loop->rounds;
    while (*at != r) at = &(*at)->next;
    *at = r->next;
    schedule_cancel(&r->loop->schedule, &r->wake);
    free(r->seat);
    free(r);
}

static void move_seat(struct round *r, uint32_t from, uint32_t to) {
    r->seat[to] = r->seat[from];
    r->seat[to].member->seat = to;
}

/* Those who lack a part stay before those who have it. */
static void stand_up(struct audience_member *m) {
    struct round *r = m->round;
    uint32_t hole = m->seat;
    if (hole < r->left) {
        move_seat(r, --r->left, hole);
        hole = r->left;
    }
    move_seat(r, --r->count, hole);
    m->round = NULL;
}

void audience_leave(struct audience_member *m) {
    struct round *r = m->round;
    if (!r) return;
    stand_up(m);
    if (!r->count) end_round(r);
}

static bool make_room(struct round *r) {
    if (r->count < r->room) return true;
    uint32_t room = r->room ? 2 * r->room : SEATS_MIN;
    struct seat *seat = realloc(r->seat, room * sizeof *seat);
    if (!seat) return false;
    r->seat = seat;
    r->room = room;
    return true;
}

/* A round ------------------------------------------------------------------------------------------------ */

static int64_t due_of(const struct round *r) {
    return r->base + monotonic_span(r->frame, STATION_RATE);
}

static void fall_out(struct audience_member *m, uint64_t part, const unsigned char *rest, size_t size,
                     int64_t now) {
    stand_up(m);
    m->fallen(m, part, rest, size, now);
}

/* The bytes to one of them, who falls out unless he takes all. */
static void give_one(struct round *r, uint32_t seat, const unsigned char *bytes, size_t size, char *title,
                     int64_t now) {
    unsigned char *own = r->loop->message + LWS_PRE + ENCODING_PART_MAX;
    if (r->seat[seat].titles) {
        if (!*title) icy_title(title, r->station->config.name, r->station->stream);
        size = icy_copy(&r->seat[seat].member->icy, own, bytes, size, title);
        bytes = own;
    }
    ssize_t done = send(r->seat[seat].descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    size_t taken = done > 0 ? (size_t)done : 0;
    atomic_fetch_add_explicit(&r->loop->server->metrics.bytes_sent, taken, memory_order_relaxed);
    if (taken < size) fall_out(r->seat[seat].member, r->part, bytes + taken, size - taken, now);
}

/* The part before the next one to a row of those who lack it; false: it is there no more. */
static bool give_row(struct round *r, int64_t now) {
    unsigned char *bytes = r->loop->message + LWS_PRE;
    char title[ICY_TITLE_MAX] = "";
    struct part part;
    uint32_t calls = 0;
    if (part_ring_read(encoding_parts(r->encoding), r->part - 1, &part, bytes, ENCODING_PART_MAX) !=
        PART_READ)
        return false;
    if (!part.size) r->left = 0;
    for (; r->left && calls < ROW; calls++) {
        r->left--; /* who falls out now, falls out of those who have had theirs */
        give_one(r, r->left, bytes, part.size, title, now);
    }
    atomic_fetch_add_explicit(&r->loop->server->metrics.http_writes, calls, memory_order_relaxed);
    return true;
}

/* The next part, if it is there, is now what all of them lack. */
static int begin_part(struct round *r) {
    struct part part;
    int found = part_ring_look(encoding_parts(r->encoding), r->part, &part);
    if (found != PART_READ) return found;
    r->part++;
    r->frame = part.frame + encoding_part_frames(r->encoding);
    r->left = r->count;
    return found;
}

/* Everybody for himself: they know what to do when there is no more, or too late. */
static void dissolve(struct round *r, int64_t now) {
    schedule_cancel(&r->loop->schedule, &r->wake);
    while (r->count) fall_out(r->seat[0].member, r->part - (r->left > 0), NULL, 0, now);
}

static bool is_over(const struct round *r, int64_t now) {
    return encoding_failed(r->encoding) || station_ended(r->station) || now - due_of(r) > LAG;
}

static void on_wake(struct wake *wake, int64_t now) {
    struct round *r = lws_container_of(wake, struct round, wake);
    int found = PART_READ;
    if (is_over(r, now)) found = PART_GONE;
    if (!r->left && due_of(r) <= now && found == PART_READ) found = begin_part(r);
    if (r->left && found == PART_READ && !give_row(r, now)) found = PART_GONE;
    if (found == PART_GONE) dissolve(r, now);
    if (!r->count)
        end_round(r);
    else if (found == PART_AHEAD)
        schedule_set(&r->loop->schedule, wake, now + RETRY);
    else
        schedule_set(&r->loop->schedule, wake, r->left || due_of(r) <= now ? now + 1 : due_of(r));
}

/* Joining ------------------------------------------------------------------------------------------------ */

static struct round *find(const struct loop *loop, const struct encoding *encoding, int64_t base,
                          uint64_t part) {
    for (struct round *r = loop->rounds; r; r = r->next)
        if (r->encoding == encoding && r->base == base && r->part == part) return r;
    return NULL;
}

static struct round *begin_round(struct loop *loop) {
    struct round *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->loop = loop;
    r->next = loop->rounds;
    loop->rounds = r;
    r->wake.tick = on_wake;
    return r;
}

bool audience_join(struct loop *loop, struct audience_member *m, const struct station *station,
                   const struct encoding *encoding, int64_t base, uint64_t part, uint64_t frame) {
    struct round *r = find(loop, encoding, base, part);
    if (!r && !(r = begin_round(loop))) return false;
    if (!make_room(r)) {
        if (!r->count) end_round(r);
        return false;
    }
    if (!r->count) {
        r->station = station;
        r->encoding = encoding;
        r->base = base;
        r->part = part;
        r->frame = frame;
        schedule_set(&loop->schedule, &r->wake, due_of(r));
    }
    m->round = r;
    m->seat = r->count++;
    r->seat[m->seat] = (struct seat){m->descriptor, m->icy.wanted, m};
    return true;
}
