/* spectrum.c — see spectrum.h.
 *
 * Left and right go through one complex transform as its real and imaginary part; the sum of their powers is
 * that of the two mirrored bins. */
#include "measure/spectrum.h"

#include <kiss_fft.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TURN = 6.283185307179586;

struct spectrum {
    kiss_fft_cfg fft;
    uint32_t hop, filled;
    uint64_t first; /* frame of in[0] */
    spectrum_frame *frame;
    void *self;
    float scale, window[SPECTRUM_SIZE], power[SPECTRUM_BINS];
    kiss_fft_cpx in[SPECTRUM_SIZE], windowed[SPECTRUM_SIZE], out[SPECTRUM_SIZE];
};

struct spectrum *spectrum_new(uint32_t hop, spectrum_frame *frame, void *self) {
    struct spectrum *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (struct spectrum){.hop = hop, .frame = frame, .self = self};
    s->fft = kiss_fft_alloc(SPECTRUM_SIZE, 0, NULL, NULL);
    if (!s->fft) {
        free(s);
        return NULL;
    }
    double sum = 0;
    for (int i = 0; i < SPECTRUM_SIZE; i++) {
        double w = 0.5 - 0.5 * cos(TURN * (i + 0.5) / SPECTRUM_SIZE);
        s->window[i] = (float)w;
        sum += w;
    }
    s->scale = (float)(1 / (sum * sum)); /* (2/Σw)², halved for two channels, halved for two bins */
    return s;
}

static void transform(struct spectrum *s) {
    for (int i = 0; i < SPECTRUM_SIZE; i++) {
        s->windowed[i].r = s->in[i].r * s->window[i];
        s->windowed[i].i = s->in[i].i * s->window[i];
    }
    kiss_fft(s->fft, s->windowed, s->out);
    for (int k = 0; k < SPECTRUM_BINS; k++) {
        kiss_fft_cpx a = s->out[k], b = s->out[(SPECTRUM_SIZE - k) % SPECTRUM_SIZE];
        s->power[k] = (a.r * a.r + a.i * a.i + b.r * b.r + b.i * b.i) * s->scale;
    }
    s->frame(s->self, s->first, s->power);
    memmove(s->in, s->in + s->hop, (SPECTRUM_SIZE - s->hop) * sizeof *s->in);
    s->first += s->hop;
    s->filled = SPECTRUM_SIZE - s->hop;
}

void spectrum_add(struct spectrum *s, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames; i++) {
        s->in[s->filled++] = (kiss_fft_cpx){audio[2 * i], audio[2 * i + 1]};
        if (s->filled == SPECTRUM_SIZE) transform(s);
    }
}

void spectrum_finish(struct spectrum *s) {
    static const float silence[2];
    uint32_t kept = s->first ? SPECTRUM_SIZE - s->hop : 0; /* already in a frame */
    if (s->filled <= kept) return;
    for (uint64_t end = s->first + 1; s->first < end;) spectrum_add(s, silence, 1);
}

void spectrum_free(struct spectrum *s) {
    if (!s) return;
    kiss_fft_free(s->fft);
    free(s);
}
