/* affine_scan.c — what a filter parallel in time would cost: measured for docs/gpu.md, never shipped.
 *
 * A step of the low-pass (kernels/filter.h: state-variable, trapezoidal, coefficients in straight lines) is
 * an affine map of its two states, and maps can be composed in any grouping: a scan over the 64 frames of a
 * block needs eleven dependent steps instead of 64 (Blelloch, "Prefix sums and their applications", 1990).
 * But another grouping rounds otherwise. Here both run in float32 next to the recursion in float64, ten
 * seconds of a saw at each cutoff; operations are counted as they are done. */
#include <math.h>
#include <stdio.h>

enum { BLOCK = 64, RATE = 48000, BLOCKS = 10 * RATE / BLOCK };

static long operations;

struct map { /* s → a s + b */
    float a[2][2], b[2];
};
struct line { /* the coefficients of a frame */
    float b1, a2, a3;
};

static void set(double cutoff, double damping, double c[3]) {
    double g = tan(3.14159265358979 * cutoff / RATE), gr = g / (1 + g * (g + damping));
    c[0] = 2 * gr * (g + damping), c[1] = gr * 1.41421356, c[2] = g * gr;
}

static float recursive(float s[2], const struct line *l, float x) {
    float v3 = x - s[1], part2 = l->a2 * s[0] + l->a3 * v3, y = s[1] + part2;
    s[0] = s[0] + (l->a2 * v3 - l->b1 * s[0]);
    s[1] = y + part2;
    operations += 10;
    return y;
}

static double reference(double s[2], const double c[3], double x) {
    double v3 = x - s[1], part2 = c[1] * s[0] + c[2] * v3, y = s[1] + part2;
    s[0] += c[1] * v3 - c[0] * s[0];
    s[1] = y + part2;
    return y;
}

static struct map step(const struct line *l, float x) {
    float a3 = l->a3 + l->a3;
    operations += 6;
    return (struct map){{{1 - l->b1, -l->a2}, {l->a2 + l->a2, 1 - a3}}, {l->a2 * x, a3 * x}};
}

/* First `f`, then `g`. */
static struct map compose(const struct map *f, const struct map *g) {
    struct map r;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++) r.a[i][k] = g->a[i][0] * f->a[0][k] + g->a[i][1] * f->a[1][k];
        r.b[i] = (g->a[i][0] * f->b[0] + g->a[i][1] * f->b[1]) + g->b[i];
    }
    operations += 20;
    return r;
}

/* Inclusive: up and down a tree, 2 × 63 − 6 compositions. */
static void scan(struct map *m) {
    int d = 1;
    for (; d < BLOCK; d *= 2)
        for (int i = 2 * d - 1; i < BLOCK; i += 2 * d) m[i] = compose(&m[i - d], &m[i]);
    for (d /= 4; d >= 1; d /= 2)
        for (int i = 3 * d - 1; i < BLOCK; i += 2 * d) m[i] = compose(&m[i - d], &m[i]);
}

static void scanned(float s[2], const struct line *l, const float *x, float *y) {
    struct map m[BLOCK];
    float before[2] = {s[0], s[1]}, after[2] = {0, 0};
    for (int n = 0; n < BLOCK; n++) m[n] = step(&l[n], x[n]);
    scan(m);
    for (int n = 0; n < BLOCK; n++, before[0] = after[0], before[1] = after[1]) {
        y[n] = before[1] + (l[n].a2 * before[0] + l[n].a3 * (x[n] - before[1]));
        for (int i = 0; i < 2; i++) after[i] = (m[n].a[i][0] * s[0] + m[n].a[i][1] * s[1]) + m[n].b[i];
        operations += 5 + 8;
    }
    s[0] = after[0], s[1] = after[1];
}

static void measure(double cutoff, double damping) {
    float one[2] = {0, 0}, other[2] = {0, 0};
    double right[2] = {0, 0}, energy = 0, error[2] = {0, 0}, phase = 0, from[3], to[3];
    long differ = 0, ops[2] = {0, 0};
    set(cutoff, damping, from);
    for (int b = 0; b < BLOCKS; b++) {
        struct line l[BLOCK];
        float x[BLOCK], y[2][BLOCK];
        double exact[BLOCK];
        set(cutoff * (1 + 0.3 * sin(b * 0.01)), damping, to);
        for (int n = 0; n < BLOCK; n++) {
            double c[3];
            for (int k = 0; k < 3; k++) c[k] = (float)(from[k] + (to[k] - from[k]) * n / BLOCK);
            l[n] = (struct line){.b1 = (float)c[0], .a2 = (float)c[1], .a3 = (float)c[2]};
            x[n] = (float)(2 * phase - 1) * 0.25f;
            phase = fmod(phase + 110.0 / RATE, 1);
            exact[n] = reference(right, c, (double)x[n]);
        }
        operations = 0;
        for (int n = 0; n < BLOCK; n++) y[0][n] = recursive(one, &l[n], x[n]);
        ops[0] += operations, operations = 0;
        scanned(other, l, x, y[1]);
        ops[1] += operations;
        for (int n = 0; n < BLOCK; n++) {
            energy += exact[n] * exact[n];
            for (int k = 0; k < 2; k++) error[k] += pow((double)y[k][n] - exact[n], 2);
            differ += y[0][n] != y[1][n];
        }
        for (int k = 0; k < 3; k++) from[k] = to[k];
    }
    printf("| %.0f | %.2f | %.1f | %.1f | %.1f %% | %.1f | %.1f |\n", cutoff, damping,
           10 * log10(energy / error[0]), 10 * log10(energy / error[1]),
           100.0 * (double)differ / BLOCKS / BLOCK, (double)ops[0] / BLOCKS / BLOCK,
           (double)ops[1] / BLOCKS / BLOCK);
}

int main(void) {
    puts("| cutoff, Hz | damping | recursive, dB | scan, dB | samples that differ | operations a frame | of "
         "the scan |\n"
         "| --- | --- | --- | --- | --- | --- | --- |");
    static const double cutoff[] = {60, 200, 1000, 5000}, damping[] = {1.41, 0.2};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 2; k++) measure(cutoff[i], damping[k]);
    return 0;
}
