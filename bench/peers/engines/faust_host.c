/* faust_host.c — plays many voices of a program that Faust wrote (`faust -lang c -cn voice`, given as VOICE):
 * each computes its block, which is added to the common bus, as Faust's own polyphonic host does.
 *
 * usage: host SECONDS OUT < voices, one "HERTZ PAN" a line. OUT is a WAV file, or - for none. */
#include <faust/gui/CInterface.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Faust's C expects of its host. */
static inline int min(int a, int b) {
    return a < b ? a : b;
}

static inline int max(int a, int b) {
    return a > b ? a : b;
}

#include VOICE

enum { RATE = 48000, BLOCK = 64, VOICES_MAX = 65536 };

struct controls {
    FAUSTFLOAT *freq, *pan, *gate, *cutoff;
};

static void remember(void *ui, const char *label, FAUSTFLOAT *zone) {
    struct controls *c = ui;
    if (!strcmp(label, "freq")) c->freq = zone;
    if (!strcmp(label, "pan")) c->pan = zone;
    if (!strcmp(label, "gate")) c->gate = zone;
    if (!strcmp(label, "cutoff")) c->cutoff = zone;
}

static void slider(void *ui, const char *label, FAUSTFLOAT *zone, FAUSTFLOAT init, FAUSTFLOAT min,
                   FAUSTFLOAT max, FAUSTFLOAT step) {
    (void)init, (void)min, (void)max, (void)step;
    remember(ui, label, zone);
}

static void box(void *ui, const char *label) {
    (void)ui, (void)label;
}

static void close_box(void *ui) {
    (void)ui;
}

static void declare(void *ui, FAUSTFLOAT *zone, const char *key, const char *value) {
    (void)ui, (void)zone, (void)key, (void)value;
}

static void wav_header(FILE *f, uint32_t frames) {
    uint32_t bytes = frames * 8, words[] = {36 + bytes, 16, 0x00020003, RATE, RATE * 8, 0x00200008, bytes};
    fwrite("RIFF", 4, 1, f), fwrite(&words[0], 4, 1, f), fwrite("WAVEfmt ", 8, 1, f),
        fwrite(&words[1], 20, 1, f);
    fwrite("data", 4, 1, f), fwrite(&words[6], 4, 1, f);
}

static int start(voice **dsp, struct controls *controls) {
    int count = 0;
    for (double hertz, pan; count < VOICES_MAX && scanf("%lf %lf", &hertz, &pan) == 2; count++) {
        struct controls *c = &controls[count];
        UIGlue glue = {.uiInterface = c,
                       .openVerticalBox = box,
                       .openHorizontalBox = box,
                       .openTabBox = box,
                       .closeBox = close_box,
                       .addButton = remember,
                       .addHorizontalSlider = slider,
                       .declare = declare};
        dsp[count] = newvoice();
        initvoice(dsp[count], RATE);
        buildUserInterfacevoice(dsp[count], &glue);
        *c->freq = (FAUSTFLOAT)hertz, *c->pan = (FAUSTFLOAT)pan, *c->gate = 1;
    }
    return count;
}

int main(int argc, char **argv) {
    static voice *dsp[VOICES_MAX];
    static struct controls controls[VOICES_MAX];
    if (argc != 3) return 2;
    FILE *f = strcmp(argv[2], "-") ? fopen(argv[2], "wb") : NULL;
    uint32_t blocks = (uint32_t)(atof(argv[1]) * RATE / BLOCK);
    int count = start(dsp, controls);
    volatile float sink = 0;
    if (f) wav_header(f, blocks * BLOCK);
    for (uint32_t b = 0; b < blocks; b++) {
        float left[BLOCK], right[BLOCK], *outputs[] = {left, right}, bus[2 * BLOCK] = {0};
        double cutoff = 1000 * exp2(sin(6.283185307179586 * 0.2 * b * BLOCK / RATE));
        for (int v = 0; v < count; v++) {
            if (controls[v].cutoff) *controls[v].cutoff = (FAUSTFLOAT)cutoff;
            computevoice(dsp[v], BLOCK, NULL, outputs);
            for (int i = 0; i < BLOCK; i++) bus[2 * i] += left[i], bus[2 * i + 1] += right[i];
        }
        if (f) fwrite(bus, sizeof bus, 1, f);
        sink += bus[0] + bus[2 * BLOCK - 1];
    }
    return f && fclose(f);
}
