/* remote.c — see remote.h. */
#include "synth/remote.h"
#include "synth/stream.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_EXTRA = 16 }; /* voices above a stream's limit: those that were stolen still fade */
static const uint64_t ROWS_BYTES_MAX = UINT64_C(1) << 30;

/* Room that streams left behind, by size. */
struct room {
    size_t at, size;
    int kind; /* program, or EFFECTS_ROOM */
};
enum { EFFECTS_ROOM = VOICE_PROGRAMS, ROOM_KINDS };

struct remote {
    struct gpu *gpu;
    struct journal journal;
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
    float *bright; /* [block][stream] */
    uint32_t bright_capacity;
};

struct remote_stream {
    struct remote *home;
    struct resume resume; /* while a batch is under way: before it */
    bool under_way;
    size_t effects, effects_floats;
    uint32_t aim, last_aim, heard; /* in the batch */
};

int remote_create(struct gpu *gpu, struct remote **out) {
    struct remote *r = calloc(1, sizeof *r);
    if (!r) {
        gpu_destroy(gpu);
        return AURALIS_ENOMEM;
    }
    r->gpu = gpu;
    *out = r;
    return AURALIS_OK;
}

void remote_destroy(struct remote *r) {
    if (!r) return;
    gpu_destroy(r->gpu);
    free(r->journal.starts);
    free(r->journal.changes);
    free(r->left);
    free(r->voices);
    free(r->aims);
    free(r->streams);
    free(r->bright);
    free(r);
}

/* ---- Room ---- */

static size_t take_room(struct remote *r, int kind, size_t size) {
    for (uint32_t i = 0; i < r->left_count; i++) {
        if (r->left[i].kind != kind || r->left[i].size != size) continue;
        size_t at = r->left[i].at;
        r->left[i] = r->left[--r->left_count];
        return at;
    }
    r->end[kind] += size;
    return r->end[kind] - size;
}

/* What cannot be noted is lost until the engine goes. */
static void give_room(struct remote *r, int kind, size_t at, size_t size) {
    if (!record_room((void **)&r->left, &r->left_capacity, r->left_count + 1, sizeof *r->left)) return;
    r->left[r->left_count++] = (struct room){at, size, kind};
}

static int make_records(struct remote *r, struct shard *shard) {
    shard->record = calloc(VOICE_PROGRAMS, sizeof *shard->record);
    if (!shard->record) return AURALIS_ENOMEM;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        shard->record[p].program = (enum voice_program)p;
        shard->record[p].journal = &r->journal;
        shard->bank[p].record = &shard->record[p];
    }
    return AURALIS_OK;
}

void remote_forget(struct shard *shard) {
    for (int p = 0; p < VOICE_PROGRAMS && shard->record; p++) free(shard->record[p].ended);
    free(shard->record);
    shard->record = NULL;
}

static int enter_bank(struct remote *r, struct auralis_stream *s, int p) {
    struct region *region = &s->shard->record[p].region[s->place];
    uint32_t size = 2 * (s->limit[p] + REGION_EXTRA);
    region->used = calloc((size + 63) / 64, sizeof *region->used);
    if (!region->used) return AURALIS_ENOMEM;
    region->base = (uint32_t)take_room(r, p, size);
    region->size = region->free = size;
    return gpu_reserve_voices(r->gpu, (enum voice_program)p, (uint32_t)r->end[p]);
}

/* The effects go up; on the host stays their head, where new targets are worked out. */
static int move_effects(struct remote *r, struct auralis_stream *s) {
    struct remote_stream *own = s->remote;
    size_t floats = (effects_size(s->rate) + 63) / 64 * 16, head = (sizeof *s->fx + 63) / 64 * 64;
    void *memory = aligned_alloc(64, head);
    if (!memory) return AURALIS_ENOMEM;
    own->effects = take_room(r, EFFECTS_ROOM, floats);
    own->effects_floats = floats;
    int result = gpu_reserve_effects(r->gpu, r->end[EFFECTS_ROOM]);
    if (result == AURALIS_OK) result = gpu_write_effects(r->gpu, own->effects, s->fx_memory, floats);
    if (result < 0) {
        free(memory);
        return result;
    }
    memcpy(memory, s->fx, sizeof *s->fx);
    free(s->fx_memory);
    s->fx = s->fx_memory = memory;
    return AURALIS_OK;
}

int remote_enter(struct remote *r, struct auralis_stream *s) {
    int result = s->shard->record ? AURALIS_OK : make_records(r, s->shard);
    s->remote = calloc(1, sizeof *s->remote);
    if (!s->remote) return AURALIS_ENOMEM;
    s->remote->home = r;
    for (int p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++) result = enter_bank(r, s, p);
    return result;
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
    if (s->remote->effects_floats) give_room(r, EFFECTS_ROOM, s->remote->effects, s->remote->effects_floats);
    free(s->remote);
    s->remote = NULL;
}

void remote_forsake(struct remote *r, struct shard *const *shards, uint32_t shard_count) {
    for (uint32_t i = 0; i < shard_count; i++) {
        for (int p = 0; p < VOICE_PROGRAMS; p++) {
            struct bank *bank = &shards[i]->bank[p];
            for (uint32_t v = 0; v < bank->count; v++) bank->word[VOICE_RUN][v] = 0;
            for (uint32_t s = 0; s < SHARD_STREAMS && shards[i]->record; s++)
                free(shards[i]->record[p].region[s].used);
            bank->record = NULL;
        }
        remote_forget(shards[i]);
    }
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

static void arrive(struct auralis_stream *const *streams, uint32_t count, uint32_t blocks,
                   float *const *out) {
    for (uint32_t i = 0; i < count; i++) {
        struct remote_stream *own = streams[i]->remote;
        own->under_way = false;
        if (!out[i]) continue;
        own->resume.heard = true;
        memcpy(own->resume.last, out[i] + (size_t)blocks * 2 * BLOCK - 4, sizeof own->resume.last);
    }
}

/* ---- Composing a batch ---- */

static bool has_room(struct auralis_stream *const *streams, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        for (int p = 0; p < VOICE_PROGRAMS; p++)
            if (streams[i]->shard->record[p].region[streams[i]->place].free <
                streams[i]->limit[p] + REGION_EXTRA)
                return false;
    return true;
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

static uint32_t most_blocks(struct auralis_stream *const *streams, uint32_t count, uint32_t blocks) {
    uint64_t voices = count;
    for (uint32_t i = 0; i < count; i++)
        for (int p = 0; p < VOICE_PROGRAMS; p++)
            voices += bank_voices(&streams[i]->shard->bank[p], streams[i]->place);
    uint64_t most = ROWS_BYTES_MAX / (voices * BLOCK * sizeof(float));
    if (most > SHARD_BLOCKS) most = SHARD_BLOCKS;
    if (most < 1) most = 1;
    return blocks < most ? blocks : (uint32_t)most;
}

/* Composes up to `most` blocks; returns how many, or a negative error. */
static int compose(struct remote *r, struct auralis_stream *const *streams, uint32_t count, uint32_t most) {
    r->aim_count = 0;
    if (!record_room((void **)&r->bright, &r->bright_capacity, most * count, sizeof *r->bright))
        return AURALIS_ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        streams[i]->remote->aim = streams[i]->remote->last_aim = streams[i]->remote->heard = 0;
    uint32_t block = 0;
    for (; block < most && has_room(streams, count); block++)
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

/* Streams that are not listed but were told something since: their voices hear of it, and wait. */
static bool list_others(struct remote *r, struct shard *const *shards, uint32_t shard_count, int p) {
    for (uint32_t i = 0; i < shard_count; i++) {
        struct record *record = shards[i]->record ? &shards[i]->record[p] : NULL;
        for (uint32_t s = 0; record && record->touched && s < SHARD_STREAMS; s++)
            if (record->touched >> s & 1 && !list_stream(r, &shards[i]->bank[p], s, 0, 0)) return false;
    }
    return true;
}

static bool list_program(struct remote *r, struct shard *const *shards, uint32_t shard_count,
                         struct auralis_stream *const *streams, uint32_t count, uint32_t blocks, int p) {
    for (uint32_t i = 0; i < count; i++) {
        r->streams[i].first[p] = r->voice_count;
        if (!list_stream(r, &streams[i]->shard->bank[p], streams[i]->place, i, blocks)) return false;
        r->streams[i].end[p] = r->voice_count;
        streams[i]->shard->record[p].touched &= ~(1u << streams[i]->place);
    }
    return list_others(r, shards, shard_count, p);
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

static void clear(struct remote *r, struct shard *const *shards, uint32_t shard_count) {
    for (uint32_t i = 0; i < shard_count; i++)
        for (int p = 0; p < VOICE_PROGRAMS && shards[i]->record; p++) record_clear(&shards[i]->record[p]);
    journal_clear(&r->journal);
}

/* Lists the batch, renders it, and delivers it behind `done` blocks. */
static int send(struct remote *r, struct shard *const *shards, uint32_t shard_count,
                struct auralis_stream *const *streams, uint32_t count, uint32_t blocks, uint32_t done,
                float *const *out) {
    struct gpu_batch batch = {.stream_count = count, .blocks = blocks};
    const float *samples;
    r->voice_count = 0;
    if (!record_room((void **)&r->streams, &r->stream_capacity, count, sizeof *r->streams))
        return AURALIS_ENOMEM;
    list_streams(r, streams, count);
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        if (!list_program(r, shards, shard_count, streams, count, blocks, p)) return AURALIS_ENOMEM;
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
    int result = gpu_render(r->gpu, &batch, &samples);
    if (result < 0) return result;
    clear(r, shards, shard_count);
    size_t each = (size_t)blocks * 2 * BLOCK;
    for (uint32_t i = 0; i < count; i++)
        if (out[i]) memcpy(out[i] + (size_t)done * 2 * BLOCK, samples + i * each, each * sizeof *samples);
    return AURALIS_OK;
}

int remote_render(struct remote *r, struct shard *const *shards, uint32_t shard_count,
                  struct auralis_stream *const *streams, uint32_t count, uint32_t blocks, float *const *out) {
    set_out(streams, count);
    for (uint32_t done = 0; done < blocks && count;) {
        int composed = compose(r, streams, count, most_blocks(streams, count, blocks - done));
        if (composed < 0) return composed;
        int result = send(r, shards, shard_count, streams, count, (uint32_t)composed, done, out);
        if (result < 0) return result;
        done += (uint32_t)composed;
    }
    if (blocks) arrive(streams, count, blocks, out);
    return AURALIS_OK;
}
