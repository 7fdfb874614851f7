/* known.c — notes of different times side by side (see known.h).
 *
 * Live, a block of all voices comes after the block before it. A phrase of two or three voices then leaves
 * most lanes empty, and each block waits for the filter's chain of one group of lanes. Of a known score the
 * notes can be rendered in any order. So a window of the score is composed first, with a record of what
 * happens to its voices (record.h); then each program's voices go through the lanes, the next note taking its
 * place where one has ended, whenever it sounds; and last the rows are added to the buses block by block, in
 * the canonical order, and the effects run.
 *
 * Lanes are free but rows are not: each waits in memory until all of its block are there. A window holds as
 * many as a cache does; notes as long as the window gain nothing, which known_pays works out beforehand
 * (docs/decisions/known-scores.md has the measurements). */
#include "synth/known.h"
#include "music/score.h"
#include "synth/engine.h"
#include "synth/stream.h"

#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_ROWS = 24576,
    WINDOW_BLOCKS = 8192,
    LANES_KNOWN = 32,
    PLACES = 4096, /* a program's: those that end in a window keep theirs */
    RESERVE = 16,  /* voices above a stream's limit that still fade */
    VOICES_PAYING = 4
};

/* A voice's part in the window. */
struct part {
    struct voice_record record;
    uint32_t to, entry; /* its blocks' entries begin there */
};

/* A block of a voice, rendered. */
struct entry {
    uint32_t row, bus;
    float from[2], to[2]; /* gains */
};

struct known {
    struct auralis_stream *stream;
    const struct kernels *kernels;
    struct journal journal;
    struct record record[VOICE_PROGRAMS];
    uint64_t used[VOICE_PROGRAMS][PLACES / 64];
    uint32_t *kept[VOICE_PROGRAMS]; /* [place][VOICE_WORDS_MAX + VOICE_TAIL]: voices between two windows */
    struct part *part;
    uint32_t parts, parts_capacity, first[VOICE_PROGRAMS + 1];
    struct block_control *control; /* [WINDOW_BLOCKS] */
    struct entry *entry;
    float *rows;
    uint32_t entries, entries_max, row;
    uint64_t left, silent; /* blocks to be composed; to be dropped, which the limiter asks for */
    uint32_t blocks, next; /* of the window; the one that is delivered next */
    uint32_t carry;        /* frames left of `block` */
    uint32_t *list;        /* [parts_capacity]: parts that sound until block … */
    uint32_t list_capacity, sounding, changes;
    _Alignas(64) uint32_t word[VOICE_WORDS_MAX][VOICE_RUN_MAX]; /* of the lanes */
    _Alignas(64) float tail[VOICE_RUN_MAX * VOICE_TAIL];
    _Alignas(64) float bus[BUS_FLOATS], block[2 * BLOCK];
};

enum { KEPT = VOICE_WORDS_MAX + VOICE_TAIL };

bool known_pays(auralis_score *score) {
    const auralis_note *note = auralis_score_notes(score);
    uint64_t length = auralis_score_length(score), sum = 0;
    size_t count = auralis_score_count(score);
    for (size_t i = 0; i < count; i++) sum += instrument_life(&note[i], score->rate);
    if (!count || sum / VOICES_PAYING > length) return false;
    uint64_t mean = sum / count / BLOCK; /* blocks; the window is to be some times as long */
    return length / BLOCK > 4 * mean && mean * 3 * sum / length < WINDOW_ROWS;
}

/* ---- Memory ---- */

void known_close(struct known *n) {
    if (!n) return;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        n->stream->shard->bank[p].record = NULL;
        free(n->record[p].ended);
        free(n->kept[p]);
    }
    free(n->journal.starts);
    free(n->journal.changes);
    free(n->part);
    free(n->list);
    free(n->control);
    free(n->entry);
    free(n->rows);
    free(n);
}

struct known *known_open(struct auralis_stream *s, uint64_t frames) {
    const struct kernels *k = engine_kernels(s->engine);
    struct known *n = !k || s->skip || s->carry_count ? NULL : aligned_alloc(64, (sizeof *n + 63) / 64 * 64);
    if (!n) return NULL;
    memset(n, 0, sizeof *n);
    n->stream = s;
    n->kernels = k;
    n->silent = s->preroll;
    n->left = s->preroll + (frames + BLOCK - 1) / BLOCK;
    n->entries_max = WINDOW_ROWS;
    bool enough = true;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        n->record[p].program = (enum voice_program)p;
        n->record[p].journal = &n->journal;
        n->record[p].region[s->place] = (struct region){0, PLACES, n->used[p], PLACES};
        n->kept[p] = malloc((size_t)PLACES * KEPT * sizeof *n->kept[p]);
        n->entries_max += s->limit[p] + RESERVE;
        enough = enough && n->kept[p] && s->limit[p] <= PLACES / 4;
    }
    n->control = malloc(WINDOW_BLOCKS * sizeof *n->control);
    n->entry = malloc(n->entries_max * sizeof *n->entry);
    n->rows = aligned_alloc(64, ((size_t)n->entries_max + VOICE_RUN_MAX) * VOICE_ROW * sizeof *n->rows);
    if (!enough || !n->control || !n->entry || !n->rows) {
        known_close(n);
        return NULL;
    }
    for (int p = 0; p < VOICE_PROGRAMS; p++) s->shard->bank[p].record = &n->record[p];
    return n;
}

/* ---- Composing a window ---- */

static bool has_room(const struct known *n) {
    for (int p = 0; p < VOICE_PROGRAMS; p++)
        if (n->record[p].region[n->stream->place].free < PLACES / 2) return false;
    return n->entries < WINDOW_ROWS;
}

static bool take_part(void *self, const struct voice_record *voice, uint32_t to) {
    struct known *n = self;
    if (!record_room((void **)&n->part, &n->parts_capacity, n->parts + 1, sizeof *n->part)) return false;
    n->part[n->parts++] = (struct part){*voice, to, n->entries};
    n->entries += to - voice->from;
    return true;
}

/* Composes at most `most` blocks; returns how many, 0 if memory ran out. */
static uint32_t compose(struct known *n, uint32_t most) {
    struct auralis_stream *s = n->stream;
    uint32_t block = 0;
    journal_clear(&n->journal);
    for (n->entries = 0; block < most && has_room(n); block++) {
        n->journal.block = block;
        stream_advance(s, 0);
        n->control[block] = s->control[0];
        for (int p = 0; p < VOICE_PROGRAMS; p++) {
            bank_age(&s->shard->bank[p], s->place);
            n->entries += bank_voices(&s->shard->bank[p], s->place);
        }
    }
    n->parts = n->entries = 0;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        n->first[p] = n->parts;
        if (!bank_list(&s->shard->bank[p], s->place, block, take_part, n)) return 0;
        record_clear(&n->record[p]);
    }
    n->first[VOICE_PROGRAMS] = n->parts;
    if (!record_room((void **)&n->list, &n->list_capacity, n->parts, sizeof *n->list)) return 0;
    return n->journal.failed ? 0 : block;
}

/* ---- Voices ---- */

struct lane {
    struct part *part;
    uint32_t block, change;
};

static void enter_lane(struct known *n, int p, struct lane *lanes, uint32_t l, struct part *part) {
    const uint32_t *kept = n->kept[p] + (size_t)part->record.place * KEPT,
                   *words = part->record.start ? n->journal.starts + part->record.start - 1 : kept;
    uint32_t count = instrument_program_words((enum voice_program)p);
    for (uint32_t w = 0; w < count; w++) n->word[w][l] = words[w];
    if (part->record.start)
        memset(n->tail + l * VOICE_TAIL, 0, VOICE_TAIL * sizeof *n->tail);
    else
        memcpy(n->tail + l * VOICE_TAIL, kept + VOICE_WORDS_MAX, VOICE_TAIL * sizeof *n->tail);
    lanes[l] = (struct lane){part, part->record.from, part->record.change};
}

static void leave_lane(struct known *n, int p, const struct lane *lanes, uint32_t l) {
    uint32_t *kept = n->kept[p] + (size_t)lanes[l].part->record.place * KEPT;
    for (uint32_t w = 0; w < VOICE_WORDS_MAX; w++) kept[w] = n->word[w][l];
    memcpy(kept + VOICE_WORDS_MAX, n->tail + l * VOICE_TAIL, VOICE_TAIL * sizeof *n->tail);
}

static void move_lane(struct known *n, struct lane *lanes, uint32_t to, uint32_t from) {
    for (uint32_t w = 0; w < VOICE_WORDS_MAX; w++) n->word[w][to] = n->word[w][from];
    memcpy(n->tail + to * VOICE_TAIL, n->tail + from * VOICE_TAIL, VOICE_TAIL * sizeof *n->tail);
    lanes[to] = lanes[from];
}

/* What the host says of the lane's block, and what the mixer will want to know of it. */
static void prepare(struct known *n, struct lane *lane, uint32_t l) {
    const struct batch_change *changes = n->journal.changes;
    for (; lane->change && changes[lane->change - 1].block == lane->block;
         lane->change = changes[lane->change - 1].next)
        n->word[changes[lane->change - 1].word][l] = changes[lane->change - 1].value;
    memcpy(&n->word[VOICE_BRIGHT][l], &n->control[lane->block].bright, sizeof(float));
    n->word[VOICE_RUN][l] = UINT32_MAX;
    struct entry *e = &n->entry[lane->part->entry + lane->block - lane->part->record.from];
    e->row = n->row + l;
    e->bus = n->word[VOICE_BUS][l];
    for (int side = 0; side < 2; side++) {
        memcpy(&e->from[side], &n->word[VOICE_FROM_L + side][l], sizeof(float));
        memcpy(&e->to[side], &n->word[VOICE_GAIN_L + side][l], sizeof(float));
    }
}

static int earlier(const void *a, const void *b) {
    const struct part *x = *(struct part *const *)a, *y = *(struct part *const *)b;
    return x->record.from != y->record.from ? (x->record.from < y->record.from ? -1 : 1) : x < y ? -1 : x > y;
}

/* The program's voices in the window, in order of their beginnings. */
static struct part **in_order(struct known *n, int p, uint32_t *count) {
    *count = n->first[p + 1] - n->first[p];
    struct part **order = malloc((*count + 1) * sizeof(struct part *));
    if (!order) return NULL;
    for (uint32_t i = 0; i < *count; i++) order[i] = &n->part[n->first[p] + i];
    qsort(order, *count, sizeof *order, earlier);
    return order;
}

static bool render_program(struct known *n, int p) {
    uint32_t *words[VOICE_WORDS_MAX], count, next = 0, used = 0;
    struct lane lanes[LANES_KNOWN];
    struct part **order = in_order(n, p, &count);
    if (!order) return false;
    for (int w = 0; w < VOICE_WORDS_MAX; w++) words[w] = n->word[w];
    memset(n->word, 0, sizeof n->word);
    for (;;) {
        for (; used < LANES_KNOWN && next < count; next++)
            if (order[next]->to > order[next]->record.from) enter_lane(n, p, lanes, used++, order[next]);
        if (!used) break;
        for (uint32_t l = 0; l < used; l++) prepare(n, &lanes[l], l);
        struct voice_run run = {words, n->tail, 0, used, n->rows + (size_t)n->row * VOICE_ROW};
        n->kernels->voice[p](&run);
        n->row += used;
        for (uint32_t l = used; l-- > 0;) {
            if (++lanes[l].block < lanes[l].part->to) continue;
            leave_lane(n, p, lanes, l);
            if (l != --used) move_lane(n, lanes, l, used);
            n->word[VOICE_RUN][used] = 0;
        }
    }
    free(order);
    return true;
}

/* ---- Buses and effects ---- */

/* The voices that sound in a block, in the canonical order, and the block at which that changes. */
static void list_sounding(struct known *n, uint32_t block) {
    n->sounding = 0;
    n->changes = n->blocks;
    for (uint32_t i = 0; i < n->parts; i++) {
        const struct part *part = &n->part[i];
        uint32_t next = block < part->record.from ? part->record.from : part->to;
        if (block >= part->record.from && block < part->to) n->list[n->sounding++] = i;
        if (next > block && next < n->changes) n->changes = next;
    }
}

static void mix_block(struct known *n, uint32_t block) {
    if (block == n->changes) list_sounding(n, block);
    memset(n->bus, 0, sizeof n->bus);
    for (uint32_t i = 0; i < n->sounding; i++) {
        const struct part *part = &n->part[n->list[i]];
        const struct entry *e = &n->entry[part->entry + block - part->record.from];
        const float *row = n->rows + (size_t)e->row * VOICE_ROW;
        int32_t bus = (int32_t)e->bus;
        if (memcmp(e->from, e->to, sizeof e->from))
            n->kernels->mix_ramp(n->bus, ALL_BUSES, row, &bus, &e->from[0], &e->from[1], &e->to[0], &e->to[1],
                                 1);
        else
            n->kernels->mix(n->bus, ALL_BUSES, row, &bus, &e->to[0], &e->to[1], 1);
    }
}

static bool next_window(struct known *n) {
    uint32_t blocks = compose(n, n->left < WINDOW_BLOCKS ? (uint32_t)n->left : WINDOW_BLOCKS);
    n->next = n->row = n->changes = 0;
    n->blocks = blocks;
    n->left -= blocks;
    for (int p = 0; p < VOICE_PROGRAMS && blocks; p++)
        if (!render_program(n, p)) return false;
    return blocks;
}

static void next_block(struct known *n) {
    mix_block(n, n->next);
    n->stream->control[0] = n->control[n->next++];
    stream_finish(n->stream, n->kernels, n->bus, ALL_BUSES, 0, n->block);
    if (n->silent)
        n->silent--;
    else
        n->carry = BLOCK;
}

int known_read(struct known *n, float *out, size_t frames) {
    while (frames) {
        if (!n->carry) {
            if (n->next == n->blocks && !next_window(n)) return AURALIS_ENOMEM;
            next_block(n);
            continue;
        }
        size_t count = frames < n->carry ? frames : n->carry;
        memcpy(out, n->block + (BLOCK - n->carry) * AURALIS_CHANNELS, count * AURALIS_CHANNELS * sizeof *out);
        out += count * AURALIS_CHANNELS;
        n->carry -= (uint32_t)count;
        n->stream->delivered += count;
        frames -= count;
    }
    return AURALIS_OK;
}
