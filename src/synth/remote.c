/* remote.c — see remote.h. */
#include "synth/remote.h"
#include "base/monotonic.h"
#include "synth/pcm16.h"
#include "synth/stream.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_EXTRA = 16 }; /* voices above a stream's limit: those that were stolen still fade */

/* Room that streams left behind, by size. */
struct room {
    size_t at, size;
    int kind; /* program, or EFFECTS_ROOM */
};
enum { EFFECTS_ROOM = VOICE_PROGRAMS, ROOM_KINDS };

struct remote {
    struct gpu *gpu;
    uint32_t share;
    struct shard **shard; /* that have streams here */
    uint32_t shard_count, shard_capacity;
    struct journal journal;
    uint32_t running;       /* batches under way, … */
    int64_t began, busy;    /* … since then (ns); all times that any was */
    struct gpu_room room;   /* that the streams' batches may need */
    size_t end[ROOM_KINDS]; /* of what was ever given away */
    struct room *left;
    uint32_t left_count, left_capacity;

    /* The batch. */
    struct batch_voice *voices;
    uint32_t voice_count, voice_capacity;
    struct batch_aim *aims;
    uint32_t aim_count, aim_capacity;
    struct batch_stream *streams;
    uint32_t stream_capacity;
    struct batch_dither *dither;
    uint32_t dither_capacity;
    float *bright; /* [block][stream] */
    uint32_t bright_capacity;
    bool tells; /* it tells voices of other streams something */
};

struct remote_stream {
    struct remote *home;
    struct resume resume; /* while a batch is under way: before it */
    bool under_way;
    size_t effects, effects_floats;
    uint32_t places;               /* of its voices, in all banks; … */
    uint32_t part;                 /* … of the call that it is listed in */
    uint32_t aim, last_aim, heard; /* in the batch */
};

int remote_create(struct gpu *gpu, uint32_t share, struct remote **out) {
    struct remote *r = calloc(1, sizeof *r);
    if (!r) {
        gpu_destroy(gpu);
        return AURALIS_ENOMEM;
    }
    r->gpu = gpu;
    r->share = share;
    *out = r;
    return AURALIS_OK;
}

void remote_destroy(struct remote *r) {
    if (!r) return;
    gpu_destroy(r->gpu);
    free(r->shard);
    free(r->journal.starts);
    free(r->journal.changes);
    free(r->left);
    free(r->voices);
    free(r->aims);
    free(r->streams);
    free(r->dither);
    free(r->bright);
    free(r);
}

uint32_t remote_share(const struct remote *r) {
    return r->share;
}

uint32_t remote_streams(const struct remote *r) {
    return r->room.streams;
}

void remote_be_patient(const struct remote *r, double seconds) {
    gpu_be_patient(r->gpu, seconds);
}

double remote_patience(const struct remote *r) {
    return r->gpu ? gpu_patience(r->gpu) : 0;
}

void remote_plan(const struct remote *r, const struct plan_wish *wish) {
    plans_begin(gpu_plans(r->gpu), wish, gpu_parts(r->gpu), "");
}

void remote_use(const struct remote *r, uint64_t *bytes, int64_t *busy) {
    *bytes = r->gpu ? gpu_bytes(r->gpu) : 0;
    *busy = r->busy;
}

/* ---- Room ---- */

static uint32_t places_of(uint32_t limit) {
    return 2 * (limit + REGION_EXTRA);
}

static size_t effects_floats(uint32_t rate) {
    return (effects_size(rate) + 63) / 64 * 16;
}

static struct gpu_capacity capacity_of(uint32_t streams) {
    struct gpu_capacity c = {.effects = streams * effects_floats(48000), .room.streams = streams};
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        c.places[p] = streams * places_of(COMPOSED_VOICES[p]);
        c.room.voices += c.places[p];
    }
    return c;
}

uint32_t remote_reserve(struct remote *r, uint32_t streams) {
    for (; streams; streams /= 2) {
        struct gpu_capacity capacity = capacity_of(streams);
        int result = gpu_reserve(r->gpu, &capacity);
        if (result != AURALIS_ENOMEM) return result < 0 ? 0 : streams;
    }
    return 0;
}

static int take_room(struct remote *r, int kind, size_t size, size_t *at) {
    for (uint32_t i = 0; i < r->left_count; i++) {
        if (r->left[i].kind != kind || r->left[i].size != size) continue;
        *at = r->left[i].at;
        r->left[i] = r->left[--r->left_count];
        return AURALIS_OK;
    }
    size_t end = r->end[kind] + size;
    int result = kind == EFFECTS_ROOM ? gpu_reserve_effects(r->gpu, end)
                                      : gpu_reserve_voices(r->gpu, (enum voice_program)kind, (uint32_t)end);
    if (result < 0) return result;
    *at = r->end[kind];
    r->end[kind] = end;
    return AURALIS_OK;
}

/* What cannot be noted is lost until the engine goes. */
static void give_room(struct remote *r, int kind, size_t at, size_t size) {
    if (!record_room((void **)&r->left, &r->left_capacity, r->left_count + 1, sizeof *r->left)) return;
    r->left[r->left_count++] = (struct room){at, size, kind};
}

static int make_records(struct remote *r, struct shard *shard) {
    if (!record_room((void **)&r->shard, &r->shard_capacity, r->shard_count + 1, sizeof(struct shard *)))
        return AURALIS_ENOMEM;
    shard->record = calloc(VOICE_PROGRAMS, sizeof *shard->record);
    if (!shard->record) return AURALIS_ENOMEM;
    r->shard[r->shard_count++] = shard;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        shard->record[p].program = (enum voice_program)p;
        shard->record[p].journal = &r->journal;
        shard->bank[p].record = &shard->record[p];
    }
    return AURALIS_OK;
}

static void free_records(struct shard *shard) {
    for (int p = 0; p < VOICE_PROGRAMS; p++) free(shard->record[p].ended);
    free(shard->record);
    shard->record = NULL;
}

void remote_forget(struct shard *shard) {
    struct remote *r = shard->remote;
    if (!shard->record) return;
    free_records(shard);
    for (uint32_t i = 0; i < r->shard_count; i++)
        if (r->shard[i] == shard) r->shard[i] = r->shard[--r->shard_count];
}

static int enter_bank(struct remote *r, struct auralis_stream *s, int p) {
    struct region *region = &s->shard->record[p].region[s->place];
    uint32_t size = places_of(s->limit[p]);
    size_t base;
    region->used = calloc((size + 63) / 64, sizeof *region->used);
    if (!region->used) return AURALIS_ENOMEM;
    int result = take_room(r, p, size, &base);
    if (result < 0) return result;
    region->base = (uint32_t)base;
    region->size = region->free = size;
    return AURALIS_OK;
}

static int enter_effects(struct remote *r, struct auralis_stream *s) {
    size_t floats = effects_floats(s->rate);
    int result = take_room(r, EFFECTS_ROOM, floats, &s->remote->effects);
    if (result == AURALIS_OK) s->remote->effects_floats = floats;
    return result;
}

/* Its voices and samples have room in every batch. */
static int enter_batches(struct remote *r, struct auralis_stream *s) {
    uint32_t places = 0;
    for (int p = 0; p < VOICE_PROGRAMS; p++) places += s->shard->record[p].region[s->place].size;
    struct gpu_room room = {r->room.streams + 1, r->room.voices + places};
    int result = gpu_reserve_batches(r->gpu, &room);
    if (result < 0) return result;
    r->room = room;
    s->remote->places = places;
    return AURALIS_OK;
}

/* The effects go up; on the host stays their head, where new targets are worked out. */
static int move_effects(struct remote *r, struct auralis_stream *s) {
    const struct remote_stream *own = s->remote;
    size_t head = (sizeof *s->fx + 63) / 64 * 64;
    void *memory = aligned_alloc(64, head);
    if (!memory) return AURALIS_ENOMEM;
    int result = gpu_write_effects(r->gpu, own->effects, s->fx_memory, own->effects_floats);
    if (result < 0) {
        free(memory);
        return result;
    }
    memcpy(memory, s->fx, sizeof *s->fx);
    stream_free_effects(s);
    s->fx = s->fx_memory = memory;
    s->fx_pool = NULL;
    return AURALIS_OK;
}

int remote_enter(struct remote *r, struct auralis_stream *s) {
    int result = s->shard->record ? AURALIS_OK : make_records(r, s->shard);
    s->remote = calloc(1, sizeof *s->remote);
    if (!s->remote) return AURALIS_ENOMEM;
    s->remote->home = r;
    for (int p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++) result = enter_bank(r, s, p);
    if (result == AURALIS_OK && !s->dry) result = enter_effects(r, s);
    return result < 0 ? result : enter_batches(r, s);
}

int remote_take_effects(struct auralis_stream *s) {
    return s->dry ? AURALIS_OK : move_effects(s->remote->home, s);
}

/* What ended of a stream that leaves needs no room any more. */
static void drop_ended(struct record *record, uint32_t place) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < record->ended_count; i++)
        if (record->ended[i].voice.stream != place) record->ended[kept++] = record->ended[i];
    record->ended_count = kept;
    record->touched &= ~(1u << place);
}

void remote_leave(struct auralis_stream *s) {
    if (!s->remote) return;
    struct remote *r = s->remote->home;
    for (int p = 0; p < VOICE_PROGRAMS && s->shard->record; p++) {
        struct region *region = &s->shard->record[p].region[s->place];
        drop_ended(&s->shard->record[p], s->place);
        if (region->size) give_room(r, p, region->base, region->size);
        free(region->used);
        *region = (struct region){0};
    }
    if (s->remote->places) r->room.streams--, r->room.voices -= s->remote->places;
    if (s->remote->effects_floats) give_room(r, EFFECTS_ROOM, s->remote->effects, s->remote->effects_floats);
    free(s->remote);
    s->remote = NULL;
}

void remote_forsake(struct remote *r) {
    for (uint32_t i = 0; i < r->shard_count; i++) {
        struct shard *shard = r->shard[i];
        for (int p = 0; p < VOICE_PROGRAMS; p++) {
            struct bank *bank = &shard->bank[p];
            for (uint32_t v = 0; v < bank->count; v++) bank->word[VOICE_RUN][v] = 0;
            for (uint32_t s = 0; s < SHARD_STREAMS; s++) free(shard->record[p].region[s].used);
            bank->record = NULL;
        }
        free_records(shard);
    }
    r->shard_count = 0;
    gpu_destroy(r->gpu);
    r->gpu = NULL;
}

/* ---- Where a stream was ---- */

static struct resume moment_of(const struct auralis_stream *s) {
    struct resume r = s->remote->resume;
    r.frame = s->frame;
    r.preroll = s->preroll;
    r.playing = s->playing;
    r.grid = s->grid;
    return r;
}

struct resume remote_resume(const struct auralis_stream *s) {
    return s->remote->under_way ? s->remote->resume : moment_of(s);
}

static void set_out(struct auralis_stream *const *streams, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        streams[i]->remote->resume = moment_of(streams[i]);
        streams[i]->remote->under_way = true;
    }
}

void remote_arrive(struct auralis_stream *const *streams, uint32_t count, uint32_t blocks,
                   const struct outlet *out) {
    size_t last = (size_t)blocks * 2 * BLOCK - 2;
    for (uint32_t i = 0; i < count; i++) {
        struct remote_stream *own = streams[i]->remote;
        own->under_way = false;
        if (!out[i].floats && !out[i].pcm) continue;
        own->resume.heard = true;
        own->resume.narrow = out[i].pcm;
        for (size_t side = 0; side < 2; side++)
            own->resume.last[side] =
                out[i].pcm ? pcm16_float(out[i].pcm[last + side]) : out[i].floats[last + side];
    }
}

/* ---- Composing a batch ---- */

/* Places that a stream's voices have taken in this batch, and takes up to half of all at once. */
static uint32_t places_taken(const struct auralis_stream *s, bool *enough_left) {
    uint32_t taken = 0;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        const struct region *region = &s->shard->record[p].region[s->place];
        taken += region->size - region->free;
        if (region->free < region->size / 2) *enough_left = false;
    }
    return taken;
}

/* A share of a call's streams, whose batches overlap with those of the other parts. */
struct part {
    struct auralis_stream *const *streams;
    const struct outlet *out;
    uint32_t number;
    uint32_t count, narrow;   /* streams; the first ones come in 16 bits */
    uint32_t others;          /* voices that are not theirs and hear something from their batch */
    uint32_t done, under_way; /* blocks */
    bool sent;                /* its batch is to be waited for */
};

/* Whether the batch may be longer than `block` blocks by one: voices that may begin in it have places and
 * rows. A first block always may, since its rows are reserved. */
static bool has_room(const struct remote *r, const struct part *part, uint32_t block) {
    size_t voices = part->others;
    bool enough = true;
    for (uint32_t i = 0; i < part->count && enough; i++) {
        const struct auralis_stream *s = part->streams[i];
        voices += places_taken(s, &enough);
        if (notes_due(s)) voices += s->remote->places / 2;
    }
    return enough && (!block || gpu_padded(voices) * (block + 1) <= gpu_rows(r->gpu, part->number));
}

/* New targets of the effects, if the block has any. */
static bool aim(struct remote *r, struct auralis_stream *s, uint32_t block) {
    float before[3];
    memcpy(before, s->fx->control, sizeof before);
    effects_set(s->fx, &s->control[block].effects);
    if (!memcmp(before, s->fx->control, sizeof before)) return true;
    if (!record_room((void **)&r->aims, &r->aim_capacity, r->aim_count + 1, sizeof *r->aims)) return false;
    struct batch_aim *a = &r->aims[r->aim_count++];
    *a = (struct batch_aim){.block = block,
                            .lines = memcmp(before + 1, s->fx->control + 1, 2 * sizeof *before) != 0,
                            .echo_wanted = s->fx->echo_wanted,
                            .silent_limit = s->fx->silent_limit};
    memcpy(a->gain, s->fx->gain_target, sizeof a->gain);
    if (s->remote->last_aim)
        r->aims[s->remote->last_aim - 1].next = r->aim_count;
    else
        s->remote->aim = r->aim_count;
    s->remote->last_aim = r->aim_count;
    return true;
}

static bool compose_block(struct remote *r, struct auralis_stream *const *streams, uint32_t count,
                          uint32_t block) {
    r->journal.block = block;
    for (uint32_t i = 0; i < count; i++) {
        struct auralis_stream *s = streams[i];
        stream_advance(s, block);
        for (int p = 0; p < VOICE_PROGRAMS; p++) /* a fade begins at an age */
            bank_age(&s->shard->bank[p], s->place);
        r->bright[(size_t)block * count + i] = s->control[block].bright;
        if (!s->control[block].heard)
            s->remote->heard = block + 1;
        else if (!s->dry && !aim(r, s, block))
            return false;
    }
    return !r->journal.failed;
}

/* Composes up to `most` blocks; returns how many, or a negative error. */
static int compose(struct remote *r, const struct part *part, uint32_t most) {
    struct auralis_stream *const *streams = part->streams;
    uint32_t count = part->count;
    size_t spans = gpu_spans(r->gpu, part->number) / count;
    if (most > spans) most = (uint32_t)spans;
    if (most > SHARD_BLOCKS) most = SHARD_BLOCKS;
    r->aim_count = 0;
    if (!record_room((void **)&r->bright, &r->bright_capacity, most * count, sizeof *r->bright))
        return AURALIS_ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        streams[i]->remote->aim = streams[i]->remote->last_aim = streams[i]->remote->heard = 0;
    uint32_t block = 0;
    for (; block < most && has_room(r, part, block); block++)
        if (!compose_block(r, streams, count, block)) return AURALIS_ENOMEM;
    return (int)block;
}

/* ---- Writing it down ---- */

struct listing {
    struct remote *remote;
    uint32_t stream;
};

static bool list_voice(struct remote *r, const struct voice_record *v, uint32_t stream, uint32_t to) {
    if (!record_room((void **)&r->voices, &r->voice_capacity, r->voice_count + 1, sizeof *r->voices))
        return false;
    r->voices[r->voice_count++] = (struct batch_voice){.place = v->place,
                                                       .from = v->from,
                                                       .to = to,
                                                       .stream = stream,
                                                       .start = v->start,
                                                       .change = v->change};
    return true;
}

static bool take_voice(void *self, const struct voice_record *voice, uint32_t to) {
    const struct listing *l = self;
    return list_voice(l->remote, voice, l->stream, to);
}

/* The voices of a stream in one bank. */
static bool list_stream(struct remote *r, struct bank *bank, uint32_t place, uint32_t stream,
                        uint32_t blocks) {
    return bank_list(bank, place, blocks, take_voice, &(struct listing){r, stream});
}

/* Voices that do nothing, up to the next of few numbers: batches alike can be replayed. */
static bool pad_program(struct remote *r, uint32_t first) {
    size_t wanted = first + gpu_rounded(r->voice_count - first);
    while (r->voice_count < wanted)
        if (!list_voice(r, &(struct voice_record){0}, 0, 0)) return false;
    return true;
}

/* Streams that are not listed but were told something since: their voices hear of it, and wait. */
static bool list_others(struct remote *r, int p) {
    uint32_t before = r->voice_count;
    for (uint32_t i = 0; i < r->shard_count; i++) {
        struct record *record = &r->shard[i]->record[p];
        for (uint32_t s = 0; record->touched && s < SHARD_STREAMS; s++)
            if (record->touched >> s & 1 && !list_stream(r, &r->shard[i]->bank[p], s, 0, 0)) return false;
    }
    r->tells |= r->voice_count > before;
    return true;
}

static bool list_program(struct remote *r, struct auralis_stream *const *streams, uint32_t count,
                         uint32_t blocks, int p) {
    for (uint32_t i = 0; i < count; i++) {
        r->streams[i].first[p] = r->voice_count;
        if (!list_stream(r, &streams[i]->shard->bank[p], streams[i]->place, i, blocks)) return false;
        r->streams[i].end[p] = r->voice_count;
        streams[i]->shard->record[p].touched &= ~(1u << streams[i]->place);
    }
    return list_others(r, p);
}

static void list_streams(struct remote *r, struct auralis_stream *const *streams, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct remote_stream *own = streams[i]->remote;
        r->streams[i].effects = (uint32_t)(own->effects / 16);
        r->streams[i].heard = own->heard;
        r->streams[i].dry = streams[i]->dry;
        r->streams[i].aim = own->aim;
    }
}

/* The noise of the streams that come down in 16 bits, `done` blocks after their last call. */
static void list_noise(struct remote *r, struct auralis_stream *const *streams, uint32_t count,
                       uint32_t done) {
    for (uint32_t i = 0; i < count; i++) {
        const struct auralis_stream *s = streams[i];
        r->dither[i] =
            pcm16_noise(pcm16_key(s->seed), s->delivered + s->carry_count + (uint64_t)done * BLOCK);
    }
}

/* How many voices of other streams than the part's list_others may list. */
static uint32_t count_others(const struct remote *r, uint32_t part) {
    uint32_t voices = 0;
    bool enough;
    for (uint32_t i = 0; i < r->shard_count; i++) {
        uint32_t touched = 0;
        for (int p = 0; p < VOICE_PROGRAMS; p++) touched |= r->shard[i]->record[p].touched;
        for (uint32_t s = 0; touched >> s; s++) {
            const struct auralis_stream *stream = r->shard[i]->stream[s];
            if (!(touched >> s & 1) || (stream->remote->under_way && stream->remote->part == part)) continue;
            voices += places_taken(stream, &enough);
        }
    }
    return voices;
}

static void clear(struct remote *r) {
    for (uint32_t i = 0; i < r->shard_count; i++)
        for (int p = 0; p < VOICE_PROGRAMS; p++) record_clear(&r->shard[i]->record[p]);
    journal_clear(&r->journal);
}

/* Lists the part's batch of so many blocks and lets it begin. */
static int send(struct remote *r, const struct part *part, uint32_t number, uint32_t blocks, bool again,
                int after) {
    struct gpu_batch batch = {
        .stream_count = part->count, .blocks = blocks, .again = again, .narrow = part->narrow};
    r->voice_count = 0;
    r->tells = false;
    if (!record_room((void **)&r->streams, &r->stream_capacity, part->count, sizeof *r->streams) ||
        !record_room((void **)&r->dither, &r->dither_capacity, part->narrow, sizeof *r->dither))
        return AURALIS_ENOMEM;
    list_streams(r, part->streams, part->count);
    list_noise(r, part->streams, part->narrow, part->done);
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        if (!list_program(r, part->streams, part->count, blocks, p) ||
            (again && !pad_program(r, batch.first[p])))
            return AURALIS_ENOMEM;
        batch.first[p + 1] = r->voice_count;
    }
    batch.voices = r->voices;
    batch.starts = r->journal.starts;
    batch.start_words = r->journal.start_words;
    batch.changes = r->journal.changes;
    batch.change_count = r->journal.change_count;
    batch.aims = r->aims;
    batch.aim_count = r->aim_count;
    batch.streams = r->streams;
    batch.bright = r->bright;
    batch.dither = r->dither;
    int result = gpu_begin(r->gpu, number, &batch, after);
    if (result == AURALIS_OK && !r->running++) r->began = monotonic_now();
    if (result == AURALIS_OK) clear(r);
    return result;
}

static int deliver(struct remote *r, struct part *part, uint32_t number) {
    struct gpu_samples samples;
    int result = gpu_wait(r->gpu, number, &samples);
    if (result < 0) return result;
    if (!--r->running) r->busy += monotonic_now() - r->began;
    size_t each = (size_t)part->under_way * 2 * BLOCK, at = (size_t)part->done * 2 * BLOCK;
    for (uint32_t i = 0; i < part->narrow; i++) {
        memcpy(part->out[i].pcm + at, samples.pcm + i * each, each * sizeof(int16_t));
        part->streams[i]->fault |= samples.dither[i].fault != 0;
    }
    for (uint32_t i = part->narrow; i < part->count; i++, samples.floats += each)
        if (part->out[i].floats) memcpy(part->out[i].floats + at, samples.floats, each * sizeof(float));
    part->done += part->under_way;
    part->under_way = 0;
    part->sent = false;
    return AURALIS_OK;
}

/* While the GPU renders one part the host composes the next. What a batch tells voices of other parts they
 * must hear before their own batch. */
static int render_parts(struct remote *r, struct part *parts, uint32_t count, uint32_t blocks,
                        const struct plan *plan) {
    int after = -1;
    for (uint32_t left = count; left;) {
        left = 0;
        for (uint32_t n = 0; n < count; n++) {
            struct part *part = &parts[n];
            int result = part->sent ? deliver(r, part, n) : AURALIS_OK;
            if (result < 0) return result;
            if (part->done == blocks) continue;
            left++;
            uint32_t most = blocks - part->done < plan->blocks ? blocks - part->done : plan->blocks;
            part->others = count_others(r, n);
            int composed = compose(r, part, most);
            if (composed < 0) return composed;
            part->under_way = (uint32_t)composed;
            result = send(r, part, n, part->under_way, plan->graphs, after);
            if (result < 0) return result;
            part->sent = true;
            if (r->tells) after = (int)n;
        }
    }
    return AURALIS_OK;
}

/* Cuts a call into parts; into one, which has room for all streams, where others have none for one block with
 * all that may sound in it. */
static uint32_t cut(struct remote *r, struct auralis_stream *const *streams, uint32_t count,
                    const struct plan *plan, const struct outlet *out, struct part *parts) {
    uint32_t part_count = plan->parts < count ? plan->parts : count;
    set_out(streams, count);
    for (uint32_t n = 0; n < part_count; n++) {
        uint32_t from = (uint32_t)((uint64_t)count * n / part_count),
                 to = (uint32_t)((uint64_t)count * (n + 1) / part_count);
        parts[n] =
            (struct part){.streams = streams + from, .out = out + from, .number = n, .count = to - from};
        while (parts[n].narrow < parts[n].count && parts[n].out[parts[n].narrow].pcm) parts[n].narrow++;
        for (uint32_t i = from; i < to; i++) streams[i]->remote->part = n;
    }
    for (uint32_t n = 1; n < part_count; n++) {
        size_t voices = count_others(r, n);
        for (uint32_t i = 0; i < parts[n].count; i++) voices += parts[n].streams[i]->remote->places;
        if (gpu_padded(voices) <= gpu_rows(r->gpu, n) && parts[n].count <= gpu_spans(r->gpu, n)) continue;
        struct plan whole = *plan;
        whole.parts = 1;
        return cut(r, streams, count, &whole, out, parts);
    }
    return part_count;
}

int remote_render(struct remote *r, struct auralis_stream *const *streams, uint32_t count, uint32_t blocks,
                  const struct outlet *out) {
    if (!count || !blocks) return AURALIS_OK;
    struct plan plan = *plans_choose(gpu_plans(r->gpu), count);
    struct part parts[GPU_QUEUES_MAX] = {0};
    uint32_t part_count = cut(r, streams, count, &plan, out, parts);
    return render_parts(r, parts, part_count, blocks, &plan);
}
