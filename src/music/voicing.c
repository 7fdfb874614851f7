/* voicing.c — four voices that move as little as they can.
 *
 * Each voice of the old chord may go to the nearest instance of any tone of the new one. All ways of giving
 * every tone to a voice are tried (a triad doubles its root or its fifth), and the cheapest is kept: the
 * semitones moved, plus a weak pull towards the voice's anchor, which keeps the whole open (a fifth or sixth
 * between neighbours) and in its register however long the section, plus what close intervals cost where they
 * would be muddy. A section's first chord is led from the anchors themselves, so it is never far from the
 * last chord of the section before. */
#include "music/voicing.h"

static const int ANCHOR[VOICES] = {50, 57, 63, 69};

static int magnitude(int x) {
    return x < 0 ? -x : x;
}

/* How far the bass and the lowest bound of the chord move, together, so that the bass stays below. Not far
 * down: there is nothing to hear there. */
static int ground(int centre) {
    return centre < 0 ? centre / 4 : 2 * centre / 3;
}

int voicing_low(int centre) {
    return PAD_LOW + ground(centre);
}

int voicing_high(int centre) {
    return PAD_HIGH + (centre > 0 ? centre : 0);
}

/* The instance of pitch class `tone` that suits a voice now at `from` best. */
static int nearest(int tone, int from, int anchor, int centre) {
    int up = from + (tone - from % 12 + 12) % 12, down = up - 12;
    int cost_up = 4 * (up - from) + magnitude(up - anchor),
        cost_down = 4 * (from - down) + magnitude(down - anchor);
    if (up < voicing_low(centre)) return up + 12;
    if (up > voicing_high(centre)) return down;
    if (down < voicing_low(centre)) return up;
    return cost_up < cost_down ? up : down;
}

/* What the intervals between neighbours cost: none below a fourth under C3, below a minor third under C4,
 * below a whole tone anywhere. */
static int spacing(const int v[VOICES]) {
    int cost = 0;
    for (int i = 1; i < VOICES; i++) {
        int gap = v[i] - v[i - 1], least = v[i - 1] < 48 ? 5 : v[i - 1] < 60 ? 3 : 2;
        if (gap < least) cost += (gap < 2 ? 200 : 40) + 10 * (least - gap);
        if (gap > 12) cost += 10 * (gap - 12);
    }
    return cost;
}

static void sort(int v[VOICES]) {
    for (int i = 1; i < VOICES; i++)
        for (int j = i; j > 0 && v[j - 1] > v[j]; j--) {
            int t = v[j];
            v[j] = v[j - 1];
            v[j - 1] = t;
        }
}

static void move(const struct chord_shape *shape, int centre, int v[VOICES]) {
    int best[VOICES] = {0}, best_cost = 1 << 30;
    for (int doubled = 0; doubled < (shape->count < VOICES ? 2 : 1); doubled++) {
        int pitch[VOICES][VOICES], cost[VOICES][VOICES]; /* of voice, of tone */
        for (int i = 0; i < VOICES; i++)
            for (int t = 0; t < VOICES; t++) {
                int tone = t < shape->count ? shape->tone[t] : shape->tone[doubled ? 2 : 0];
                pitch[i][t] = nearest(tone, v[i], ANCHOR[i] + centre, centre);
                cost[i][t] = 4 * magnitude(pitch[i][t] - v[i]) + magnitude(pitch[i][t] - ANCHOR[i] - centre);
            }
        for (int a = 0; a < VOICES; a++)
            for (int b = 0; b < VOICES; b++) {
                if (b == a || cost[0][a] + cost[1][b] >= best_cost) continue;
                for (int c = 0; c < VOICES; c++) {
                    if (c == a || c == b) continue;
                    int d = 6 - a - b - c, total = cost[0][a] + cost[1][b] + cost[2][c] + cost[3][d];
                    if (total >= best_cost) continue;
                    int trial[VOICES] = {pitch[0][a], pitch[1][b], pitch[2][c], pitch[3][d]};
                    sort(trial);
                    total += spacing(trial);
                    if (total >= best_cost) continue;
                    best_cost = total;
                    for (int i = 0; i < VOICES; i++) best[i] = trial[i];
                }
            }
    }
    for (int i = 1; i < VOICES; i++) { /* at the lower bound two may be left no choice but the same note */
        if (best[i] == best[i - 1]) best[i] += 12;
        sort(best);
    }
    for (int i = 0; i < VOICES; i++) v[i] = best[i];
}

void voicing_lead(const struct harmony *h, int led, int k, int centre, int voice[VOICES]) {
    for (int i = 0; i < VOICES && !led; i++) voice[i] = ANCHOR[i] + centre;
    for (int j = led; j <= k; j++) move(&h->shape[j], centre, voice);
}

int voicing_bass(const struct chord_shape *shape, int centre) {
    int low = BASS_LOW + ground(centre);
    return low + (shape->root - low % 12 + 12) % 12;
}
