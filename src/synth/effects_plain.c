/* effects_plain.c — the buses as they are, until the effects are there. */
#include "synth/effects.h"
struct effects {
    float level;
};
size_t effects_size(uint32_t r) {
    (void)r;
    return 64;
}
struct effects *effects_init(void *m, uint32_t r, uint64_t f, const struct effects_control *c) {
    (void)r;
    (void)f;
    struct effects *e = m;
    e->level = c->level;
    return e;
}
void effects_set(struct effects *fx, const struct effects_control *c) {
    fx->level = c->level;
}
uint32_t effects_latency(uint32_t r) {
    (void)r;
    return 0;
}
double effects_rt60(double s) {
    return 1.5 + 10.5 * s;
}
