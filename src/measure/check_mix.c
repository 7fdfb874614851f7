/* check_mix.c — the mixer, the soft clip and the dither. */
#include "base/random.h"
#include "measure/check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 12, TIMES = 20000 };

struct material {
    float rows[ROWS * VOICE_ROW], left[ROWS], right[ROWS], from[ROWS], bus[STREAM_BUSES * 2 * BLOCK];
    int32_t to[ROWS];
};

static void make(struct material *m, uint64_t seed) {
    struct random r = random_at(seed, 2, 0, 0);
    double scale = seed & 1 ? 1e-39 : 1.5; /* denormals too */
    for (int i = 0; i < ROWS * VOICE_ROW; i++) m->rows[i] = (float)(random_range(&r, -1, 1) * scale);
    for (int i = 0; i < ROWS; i++) {
        m->left[i] = (float)random_unit(&r);
        m->right[i] = (float)random_unit(&r);
        m->from[i] = (float)random_unit(&r);
        m->to[i] = (int32_t)random_below(&r, STREAM_BUSES);
    }
    for (int i = 0; i < STREAM_BUSES * 2 * BLOCK; i++) m->bus[i] = 1; /* left over from something else */
}

struct trial {
    const struct kernels *table;
    uint64_t seed;
    struct material m;
    float clipped[2 * BLOCK];
    int16_t pcm[2 * BLOCK];
};

static void run(void *self) {
    struct trial *t = self;
    make(&t->m, t->seed & ~1ull); /* the even seeds: without denormals, whose treatment the flags decide */
    t->table->mix(t->m.bus, 0, t->m.rows, t->m.to, t->m.left, t->m.right, ROWS);
    t->table->mix_ramp(t->m.bus, ALL_BUSES, t->m.rows, t->m.to, t->m.from, t->m.right, t->m.left, t->m.right,
                       ROWS);
    t->table->softclip(t->m.bus, t->m.bus + 2 * BLOCK, t->clipped);
    t->table->dither(t->pcm, t->m.bus, 2 * BLOCK - 3, 17, (uint32_t)t->seed * 1000);
}

static double error_db(const struct trial *t) {
    double bus[STREAM_BUSES * 2 * BLOCK] = {0}, signal = 0, error = 0;
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < BLOCK;
             i++) { /* once with the gains as they are, once with the left on the move */
            double x = t->m.rows[r * VOICE_ROW + i], left = t->m.left[r], from = t->m.from[r];
            bus[t->m.to[r] * 2 * BLOCK + i] += x * (left + from + (left - from) * i / BLOCK);
            bus[t->m.to[r] * 2 * BLOCK + BLOCK + i] += 2 * x * t->m.right[r];
        }
    for (int i = 0; i < 2 * BLOCK; i++) {
        double right = tanh(0.7 * (bus[i] + bus[2 * BLOCK + i])),
               is = t->clipped[2 * (i % BLOCK) + i / BLOCK];
        signal += right * right;
        error += (is - right) * (is - right);
    }
    return 10 * log10(signal / (error + 1e-300));
}

int check_mix(FILE *out, bool bits) {
    const struct kernels *tables[8];
    int count = check_tables(tables), failures = 0;
    for (int i = 0; i < count; i++) {
        bool same = true;
        struct trial first = {.table = tables[0]}, other = {.table = tables[i]};
        for (uint64_t seed = 0; seed < 64; seed++) {
            first.seed = other.seed = seed;
            check_with_flags(0, run, &first);
            check_with_flags((int)(seed & 1), run, &other);
            same &= !memcmp(first.m.bus, other.m.bus, sizeof first.m.bus) &&
                    !memcmp(first.clipped, other.clipped, sizeof first.clipped) &&
                    !memcmp(first.pcm, other.pcm, sizeof first.pcm);
        }
        check_print(out, "mix", tables[i]->isa, same);
        failures += !same;
        if (bits) {
            fputc('\n', out);
            continue;
        }
        double snr = error_db(&other), begin = check_seconds();
        for (int n = 0; n < TIMES; n++)
            tables[i]->mix(other.m.bus, ALL_BUSES, other.m.rows, other.m.to, other.m.left, other.m.right,
                           ROWS);
        double ns = (check_seconds() - begin) * 1e9 / ((double)TIMES * ROWS * BLOCK);
        fprintf(out, " %7.1f dB %9.3f ns/sample%s\n", snr, ns, snr >= 100 ? "" : "  FAR");
        failures += same && !(snr >= 100);
    }
    return failures;
}
