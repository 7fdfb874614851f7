/* k_weighting.h — the weighting of ITU-R BS.1770-4 at 48 kHz, a sample at a time. */
#ifndef AURALIS_TESTS_K_WEIGHTING_H
#define AURALIS_TESTS_K_WEIGHTING_H

/* The two filters of the standard at 48 kHz, for one channel. */
struct k_filter {
    double x[2], y[2], z[2];
};

static inline double k_weighted(struct k_filter *f, double in) {
    double mid = 1.53512485958697 * in - 2.69169618940638 * f->x[0] + 1.19839281085285 * f->x[1] +
                 1.69065929318241 * f->y[0] - 0.73248077421585 * f->y[1];
    double out = mid - 2 * f->y[0] + f->y[1] + 1.99004745483398 * f->z[0] - 0.99007225036621 * f->z[1];
    f->x[1] = f->x[0], f->x[0] = in;
    f->y[1] = f->y[0], f->y[0] = mid;
    f->z[1] = f->z[0], f->z[0] = out;
    return out;
}

#endif
