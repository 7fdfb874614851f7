/* The oscillator laboratory: what the kernels of this machine sound besides what they were asked for.
 *
 * A voice plays a constant tone with its filter as open as it goes. The increments are chosen so that the
 * rate is no near-multiple of the fundamental: at exact divisors aliases fall on harmonics and hide. One long
 * Kaiser-windowed spectrum in double then holds harmonics, which have to follow 1/n, and everything else,
 * which should not be there. */
#include "cmocka_c.h"
#include "fft64.h"

#include "base/exact.h"
#include "device/cpu/cpu.h"
#include "music/timbre.h"
#include "synth/bank.h"

#include <auralis/engine.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 65536, WARM_BLOCKS = 64, VOICES = 64, LOBE = 8, NYQUIST = SAMPLES / 2 };
static const double TURN = 4294967296.0, PI = 3.14159265358979323846;

static const struct kernels *table;
static float sound[VOICES][SAMPLES];
static double window[SAMPLES], gain, power; /* Σ w, Σ w² */
static double level[NYQUIST + 1];           /* of sines, amplitude 1 is 1 */

static int set_up(void **state) {
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        window[i] = kaiser64((size_t)i, SAMPLES, 20);
        gain += window[i];
        power += window[i] * window[i];
    }
    return cpu_kernels(NULL, &table);
}

static void put(struct voice_start *s, int word, double x) {
    float f = (float)x;
    memcpy(&s->word[word], &f, sizeof f);
}

/* A voice at full, constant amplitude, for ever; an open filter where it has one. */
static struct voice_start constant(enum voice_program program) {
    struct voice_start s = {.program = program};
    put(&s, VOICE_ATTACK, 1);
    put(&s, VOICE_ATTACK_END, 1);
    put(&s, VOICE_SUSTAIN, 1);
    s.word[VOICE_GATE] = s.word[VOICE_KILL] = INT32_MAX;
    if (program == PROGRAM_ANALOG || program == PROGRAM_NOISE) {
        put(&s, FILTER_CUTOFF, 0); /* clamped to the highest there is */
        put(&s, FILTER_DAMPING, sqrt(2));
    }
    return s;
}

/* Power response of that filter (Simper's, which is the bilinear transform of 1 / (1 + √2 s + s²)). */
static double filter_response(double turns) {
    double u = tan(PI * turns) / tan(PI * exact_exp2(-1.13));
    return 1 / (1 + u * u * u * u);
}

static void play(const struct voice_start *start, int count) {
    static float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    struct bank bank;
    bank_init(&bank, start->program);
    assert_int_equal(bank_reserve(&bank, VOICE_RUN_MAX), 0);
    for (int v = 0; v < count; v++) bank_add(&bank, 0, &start[v], 0, UINT64_MAX);
    bank_fill(&bank, 0, VOICE_RUN, UINT32_MAX);
    struct voice_run run = {bank.word, bank.tail, 0, (uint32_t)count, rows};
    for (int b = 0; b < WARM_BLOCKS + SAMPLES / BLOCK; b++) {
        table->voice[start->program](&run);
        for (int v = 0; v < count && b >= WARM_BLOCKS; v++)
            memcpy(sound[v] + (b - WARM_BLOCKS) * BLOCK, rows + v * VOICE_ROW, sizeof(float[BLOCK]));
    }
    bank_free(&bank);
}

static void analyse(int v) {
    static double complex x[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) x[i] = window[i] * (double)sound[v][i];
    fft64(x, SAMPLES);
    for (int i = 0; i <= NYQUIST; i++) level[i] = 2 * cabs(x[i]) / gain;
}

/* The sine at bin `at` (fractions allowed), from the power in its main lobe. */
static double sine_at(double at) {
    double sum = 0;
    for (int i = (int)at - LOBE; i <= (int)at + LOBE + 1; i++)
        if (i >= 0 && i <= NYQUIST) sum += level[i] * level[i];
    return sqrt(sum * gain * gain / (SAMPLES * power));
}

static double db(double x) {
    return 20 * log10(x + 1e-30);
}

struct line {
    double level, bin;
};

/* The strongest bin below `end` that is not within a main lobe of a multiple of `fundamental` or of 0. */
static struct line strangest(double fundamental, double end) {
    struct line most = {0, 0};
    for (int i = LOBE + 1; i < end && i <= NYQUIST; i++) {
        double off = fabs(i - fundamental * round(i / fundamental));
        if (off > LOBE && level[i] > most.level) most = (struct line){level[i], i};
    }
    return most;
}

/* The increment nearest to `hz` whose aliases fall midway between harmonics, but for an eighth of their
 * distance. */
static uint32_t inharmonic(double hz, double rate) {
    double turns = floor(rate / hz) + 0.375; /* frames a period: harmonic k of the images lies at k × 3/8 */
    return (uint32_t)(TURN / turns);
}

/* Decibels by which an alias has to lie below a tone of 60 dB SPL to be inaudible; DESIGN.md, section 4. */
static double masked(double hz) {
    static const double at[] = {415, 932, 1480, 2093, 3136, 3951}, need[] = {0, 19, 26, 27, 32, 41};
    if (hz <= at[0]) return need[0];
    int i = 0;
    while (i < 4 && hz > at[i + 1]) i++;
    return need[i] + (need[i + 1] - need[i]) * log(hz / at[i]) / log(at[i + 1] / at[i]);
}

/* The level in dB SPL at which a tone in quiet is just heard (E. Terhardt, "Calculating virtual pitch",
 * Hearing Research 1, 1979). */
static double threshold(double hz) {
    double k = hz / 1000;
    return 3.64 * pow(k, -0.8) - 6.5 * exp(-0.6 * (k - 3.3) * (k - 3.3)) + 1e-3 * k * k * k * k;
}

/* What is in the way of a tone: below 15 kHz against the bars, above it against hearing itself, with the tone
 * at 60 dB SPL and 20 dB to spare. */
static void judge_aliases(double bins, double rate, double tone, struct line *worst) {
    double hz = bins * rate / SAMPLES, end = 15000 / rate * SAMPLES;
    struct line low = strangest(bins, end);
    double alias = db(low.level / tone);
    if (alias > worst->level) *worst = (struct line){alias, hz};
    assert_true(alias <= -90);
    assert_true(alias <= -masked(hz) - 20);
    for (int i = (int)end; i <= NYQUIST && i * rate / SAMPLES < 20000; i++)
        if (fabs(i - bins * round(i / bins)) > LOBE)
            assert_true(60 + db(level[i] / tone) <= threshold(i * rate / SAMPLES) - 20);
}

static void judge_harmonics(double bins, double rate, double first, double *worst) {
    for (int n = 1; n * bins * rate / SAMPLES <= 16000; n++) {
        double error = db(n * sine_at(n * bins) / sqrt(filter_response(n * bins / SAMPLES)) / first);
        assert_true(fabs(error) <= 1);
        if (fabs(error) > fabs(*worst)) *worst = error;
    }
}

static void sawtooths(double rate, const double *hz, int count) {
    struct voice_start start[VOICES] = {0};
    struct line alias = {-200, 0};
    double harmonics = 0;
    for (int v = 0; v < count; v++) {
        start[v] = constant(PROGRAM_ANALOG);
        start[v].word[ANALOG_WAVE + WAVE_INC1] = inharmonic(hz[v], rate);
        put(&start[v], ANALOG_WAVE + WAVE_SAW1, 0.5);
    }
    play(start, count);
    for (int v = 0; v < count; v++) {
        double bins = SAMPLES / TURN * start[v].word[ANALOG_WAVE + WAVE_INC1];
        analyse(v);
        double first = sine_at(bins) / sqrt(filter_response(bins / SAMPLES));
        assert_true(fabs(db(first * PI)) < 0.1); /* 2/π × 1/2 */
        judge_aliases(bins, rate, first, &alias);
        judge_harmonics(bins, rate, first, &harmonics);
    }
    print_message(
        "sawtooth at %.0f Hz: strongest alias below 15 kHz %.1f dB (of %.0f Hz), harmonics up to 16 kHz "
        "within %.2f dB\n",
        rate, alias.level, alias.bin, fabs(harmonics));
}

static const double RATES[] = {44100, 48000, 96000};
enum { RATE_COUNT = 3 };

static void sawtooth_has_its_harmonics_and_no_others(void **state) {
    (void)state;
    double hz[VOICES];
    for (int r = 0; r < RATE_COUNT; r++) {
        int count = 0;
        for (double pitch = 21; pitch <= 108; pitch += 1.5) hz[count++] = 440 * pow(2, (pitch - 69) / 12);
        hz[count++] = 990, hz[count++] = 4500, hz[count++] = 4999;
        sawtooths(RATES[r], hz, count);
    }
}

/* A sine has no harmonics either: of the polynomial that makes it, nothing may be heard. */
static void judge_sine(double bins, double rate) {
    double tone = sine_at(bins);
    assert_true(tone > 0.5 && tone < 1.1);
    for (int i = LOBE + 1; i <= NYQUIST && i * rate / SAMPLES < 20000; i++)
        if (fabs(i - bins) > LOBE) assert_true(db(level[i] / tone) < -110);
}

static void bell_partials_are_sines(void **state) {
    (void)state;
    struct voice_start start[VOICES];
    for (int v = 0; v < VOICES; v++) {
        start[v] = constant(PROGRAM_BELL);
        put(&start[v], BELL_WEIGHT + v % BELL_PARTIALS, 1);
        start[v].word[BELL_INC + v % BELL_PARTIALS] = inharmonic(27.5 * pow(2, v / 8.0), 48000);
    }
    play(start, VOICES);
    for (int v = 0; v < VOICES; v++) {
        analyse(v);
        judge_sine(SAMPLES / TURN * start[v].word[BELL_INC + v % BELL_PARTIALS], 48000);
    }
}

/* Partials that would lie above the band are left out by the host, so no bell note has an alias. */
static void bells_have_no_partial_above_the_band(void **state) {
    (void)state;
    for (int r = 0; r < RATE_COUNT; r++)
        for (int timbre = 0; timbre < BELL_TIMBRES; timbre++)
            for (int pitch = 21; pitch <= 120; pitch++) {
                auralis_note n = {.duration = 1000,
                                  .pitch = pitch,
                                  .velocity = 1,
                                  .instrument = AURALIS_BELL,
                                  .timbre = timbre};
                struct voice_start s;
                instrument_start(&n, (uint32_t)RATES[r], 0, 0, 0, &s);
                for (int k = 0; k < BELL_PARTIALS; k++)
                    if (s.word[BELL_WEIGHT + k] << 1) assert_true(s.word[BELL_INC + k] < 0x7fffffffu);
            }
}

static void drum_is_a_sine(void **state) {
    (void)state;
    struct voice_start start[VOICES];
    for (int v = 0; v < VOICES; v++) {
        double inc = inharmonic(30 * pow(2, v / 12.0), 48000);
        start[v] = constant(PROGRAM_DRUM);
        put(&start[v], DRUM_LOW, inc); /* whatever a float holds of it */
        start[v].word[DRUM_INC] = (uint32_t)(float)inc;
    }
    play(start, VOICES);
    for (int v = 0; v < VOICES; v++) {
        analyse(v);
        judge_sine(SAMPLES / TURN * start[v].word[DRUM_INC], 48000);
    }
}

/* Noise is flat but for the filter, and has no tone in it: mean power of 32 bands, and the strongest bin
 * against the mean (over this many bins of exponential distribution it stays below 14 dB; over 64 voices'
 * mean, below 3). */
static void noise_is_white(void **state) {
    (void)state;
    static double mean[NYQUIST + 1];
    struct voice_start start[VOICES];
    for (int v = 0; v < VOICES; v++) {
        start[v] = constant(PROGRAM_NOISE);
        start[v].word[NOISE_SEED] = 12345u + 7919u * (uint32_t)v;
        put(&start[v], NOISE_WEIGHT, 1);
    }
    play(start, VOICES);
    for (int v = 0; v < VOICES; v++) {
        analyse(v);
        for (int i = LOBE; i < NYQUIST; i++)
            mean[i] += level[i] * level[i] / filter_response((double)i / SAMPLES) / VOICES;
    }
    double all = 0;
    for (int i = LOBE; i < NYQUIST * 9 / 10; i++) all += mean[i] / (NYQUIST * 9 / 10 - LOBE);
    for (int band = 0; band < 32; band++) {
        double sum = 0;
        int first = LOBE + band * 900, n = 900;
        for (int i = first; i < first + n; i++) {
            sum += mean[i] / n;
            assert_true(10 * log10(mean[i] / all) < 3);
        }
        assert_true(fabs(10 * log10(sum / all)) < 0.3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sawtooth_has_its_harmonics_and_no_others),
        cmocka_unit_test(bell_partials_are_sines),
        cmocka_unit_test(bells_have_no_partial_above_the_band),
        cmocka_unit_test(drum_is_a_sine),
        cmocka_unit_test(noise_is_white),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
