/* clicks.c — a click is a moment unlike the milliseconds around it.
 *
 * The fourth difference of the signal, (x0 − 4 x1 + 6 x2 − 4 x3 + x4) ÷ 6, takes out what is smooth (1 kHz by
 * 86 dB) and leaves a single odd sample at its full height, a step at half of its own. Of every millisecond
 * the largest is kept. A millisecond is a click if that peak is above −66 dB and more than three times the
 * second largest of the ninety around it, the two neighbours apart.
 *
 * Why the second largest: a sawtooth in the bass has its own edges at every period, four more of them around
 * each down to 45 Hz, and they vouch for each other; noise, the attack of a bell or hiss in a swell last
 * longer than two milliseconds and do the same; while a click, or even two of them close together, stands
 * alone. In noise the largest of hours is less than twice the second of ninety.
 *
 * What music itself plays at the top hides what is softer: strings and glass with their filters wide open
 * hide an odd sample of −50 dB. Taking out all that can be predicted (an all-pole fit) was tried and helps
 * little: what is left is noise as loud as that. */
#include "measure/clicks.h"

#include <math.h>
#include <string.h>

static const float FLOOR = 0.0005f; /* −66 dB */
static const float RATIO = 3.0f;

void clicks_init(struct clicks *c, uint32_t sample_rate) {
    memset(c, 0, sizeof *c);
    c->cell_frames = sample_rate / 1000;
}

/* Second largest peak around cell `middle` of the channel, the cell itself and its neighbours apart. */
static float usual(const struct clicks *c, int channel, uint64_t middle) {
    float top[2] = {0, 0};
    for (uint64_t n = 0; n < CLICK_CELLS; n++) {
        uint64_t away = (n + CLICK_CELLS - middle % CLICK_CELLS) % CLICK_CELLS;
        if (away <= 1 || away == CLICK_CELLS - 1) continue;
        float x = c->peak[channel][n];
        for (int i = 0; i < 2; i++)
            if (x > top[i]) {
                float t = top[i];
                top[i] = x;
                x = t;
            }
    }
    return top[1];
}

static void judge(struct clicks *c, uint64_t cell) {
    uint64_t at = cell % CLICK_CELLS, before = (at + CLICK_CELLS - 1) % CLICK_CELLS,
             after = (at + 1) % CLICK_CELLS;
    for (int channel = 0; channel < 2; channel++) {
        const float *peak = c->peak[channel];
        if (!(peak[at] > FLOOR) || peak[before] > peak[at] || peak[after] >= peak[at]) continue;
        float around = usual(c, channel, cell);
        if (peak[at] <= RATIO * around) continue;
        if (c->count < CLICKS_KEPT)
            c->click[c->count] = (struct click){.frame = cell * c->cell_frames + c->where[at][channel],
                                                .height = (double)peak[at],
                                                .ratio = (double)peak[at] / fmax((double)around, 1e-9),
                                                .channel = channel};
        c->count++;
    }
}

static void finish_cell(struct clicks *c) {
    uint64_t at = c->cells % CLICK_CELLS;
    for (int channel = 0; channel < 2; channel++) {
        float x[CLICK_CELL_FRAMES_MAX + 4], y[CLICK_CELL_FRAMES_MAX], most = 0;
        memcpy(x, c->last[channel], sizeof c->last[channel]);
        memcpy(x + 4, c->cell[channel], c->cell_frames * sizeof *x);
        for (uint32_t i = 0; i < c->cell_frames; i++)
            y[i] = fabsf(x[i] - 4.0f * (x[i + 1] + x[i + 3]) + 6.0f * x[i + 2] + x[i + 4]);
        for (uint32_t i = 0; i < c->cell_frames; i++) most = y[i] > most ? y[i] : most;
        uint32_t where = 0;
        while (where < c->cell_frames && y[where] < most) where++;
        c->peak[channel][at] = most / 6.0f;
        c->where[at][channel] = where;
        memcpy(c->last[channel], x + c->cell_frames, sizeof c->last[channel]);
    }
    c->filled = 0;
    if (++c->cells > CLICK_REACH) judge(c, c->cells - 1 - CLICK_REACH);
}

void clicks_add(struct clicks *c, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames;) {
        uint32_t fill = c->filled, room = c->cell_frames - fill;
        uint32_t n = frames - i < room ? (uint32_t)(frames - i) : room;
        for (uint32_t k = 0; k < n; k++) {
            c->cell[0][fill + k] = audio[2 * (i + k)];
            c->cell[1][fill + k] = audio[2 * (i + k) + 1];
        }
        i += n;
        c->filled += n;
        if (c->filled == c->cell_frames) finish_cell(c);
    }
}

void clicks_finish(struct clicks *c) {
    static const float silence[2 * CLICK_CELL_FRAMES_MAX];
    for (uint64_t end = c->cells + CLICK_REACH + 2; c->cells < end;) clicks_add(c, silence, c->cell_frames);
}
