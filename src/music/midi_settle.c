/* midi_settle.c — see midi_settle.h.
 *
 * Most files set volume and pan once, before the first note. Then they are properties of the notes, and a
 * score without controls costs nothing more to play. What moves while a note of its channel is held stays a
 * control, and with it all of its kind in that channel.
 *
 * Pan needs a finer look. MIDI has one pan a channel, so a writer of notes that each have their own place
 * (midi_write.c is one) sends pan with every note, while others still sound. A pan that only ever moves at
 * the onset of a note is taken for that note's own. */
#include "music/midi_settle.h"
#include "music/gm.h"

typedef bool kinds[AURALIS_CONTROL_KINDS];

/* Which kinds of which channels move under a sounding note. */
static void find_moving(const auralis_score *score, kinds moves[AURALIS_SCORE_CHANNELS]) {
    uint64_t silent[AURALIS_SCORE_CHANNELS] = {0}, struck[AURALIS_SCORE_CHANNELS] = {0};
    for (size_t i = 0, n = 0, at = 0; i < score->controls; i++) {
        const auralis_control *c = &score->control[i];
        for (; n < score->count && score->note[n].onset < c->frame; n++) {
            uint64_t end = score->note[n].onset + score->note[n].duration;
            if (end > silent[score->note[n].channel]) silent[score->note[n].channel] = end;
        }
        for (; at < score->count && score->note[at].onset <= c->frame; at++)
            struck[score->note[at].channel] = score->note[at].onset + 1;
        if (c->frame >= silent[c->channel]) continue;
        if (c->kind != AURALIS_PAN || struck[c->channel] != c->frame + 1) moves[c->channel][c->kind] = true;
    }
}

/* Vibrato cannot be part of a note, and a bend should come out of a score as it went in. Drums know
 * neither. */
static void find_bent(const auralis_score *score, kinds moves[AURALIS_SCORE_CHANNELS]) {
    bool used[AURALIS_SCORE_CHANNELS] = {false};
    for (size_t i = 0; i < score->count; i++) used[score->note[i].channel] = true;
    for (size_t i = 0; i < score->controls; i++) {
        const auralis_control *c = &score->control[i];
        bool bends = c->kind == AURALIS_BEND || c->kind == AURALIS_MODULATION;
        if (bends && used[c->channel] && c->value != 0) moves[c->channel][c->kind] = true;
    }
    moves[GM_DRUM_CHANNEL][AURALIS_BEND] = moves[GM_DRUM_CHANNEL][AURALIS_MODULATION] = false;
}

static void put(auralis_note *n, const kinds moves, const double value[AURALIS_CONTROL_KINDS]) {
    if (!moves[AURALIS_VOLUME]) n->velocity *= value[AURALIS_VOLUME];
    if (!moves[AURALIS_EXPRESSION]) n->velocity *= value[AURALIS_EXPRESSION];
    if (moves[AURALIS_PAN]) n->pan = 0;
}

static void put_all(auralis_score *score, kinds moves[AURALIS_SCORE_CHANNELS]) {
    double value[AURALIS_SCORE_CHANNELS][AURALIS_CONTROL_KINDS];
    size_t c = 0, kept = 0;
    for (int i = 0; i < AURALIS_SCORE_CHANNELS; i++)
        for (int k = 0; k < AURALIS_CONTROL_KINDS; k++)
            value[i][k] = k == AURALIS_VOLUME || k == AURALIS_EXPRESSION;
    for (size_t i = 0; i < score->count; i++) {
        auralis_note *n = &score->note[i];
        for (; c < score->controls && score->control[c].frame <= n->onset; c++)
            value[score->control[c].channel][score->control[c].kind] = score->control[c].value;
        put(n, moves[n->channel], value[n->channel]);
        if (n->velocity > 0) score->note[kept++] = *n;
    }
    score->count = kept;
}

void midi_settle(auralis_score *score) {
    kinds moves[AURALIS_SCORE_CHANNELS] = {{false}};
    size_t kept = 0;
    find_moving(score, moves);
    find_bent(score, moves);
    put_all(score, moves);
    for (size_t i = 0; i < score->controls; i++)
        if (moves[score->control[i].channel][score->control[i].kind])
            score->control[kept++] = score->control[i];
    score->controls = kept;
}
