/* Controls of a score: what is heard of them, measured in the rendered sound (pitch, gain, place, and what
 * should not be there), from any starting point; and what of real MIDI files survives writing and reading.
 *
 *     test_controls FOLDER-OF-MIDI-FILES */
#include "cmocka_c.h"
#include "tones.h"

#include <auralis/auralis.h>

#include "base/random.h"
#include "music/timbre.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = 48000, SECONDS = 6, FRAMES = RATE * SECONDS };
static const char *folder;

static auralis_score *new_score(void) {
    auralis_score *score;
    assert_int_equal(auralis_score_create(RATE, &score), 0);
    return score;
}

static void add_note(auralis_score *score, auralis_note n) {
    auralis_message why = {{0}, {0}};
    if (auralis_score_add(score, &n, &why) < 0) fail_msg("%s %s", why.place, why.text);
}

static void add_control(auralis_score *score, int kind, double seconds, double value) {
    auralis_control c = {(uint64_t)(seconds * RATE), value, kind, 0};
    auralis_message why = {{0}, {0}};
    if (auralis_score_add_control(score, &c, &why) < 0) fail_msg("%s %s", why.place, why.text);
}

/* One quiet note (the dry bus bends what is loud), from the beginning to the end. */
static auralis_score *one_note(int instrument, int timbre, double pitch) {
    auralis_score *score = new_score();
    add_note(score, (auralis_note){.duration = FRAMES - RATE / 2,
                                   .pitch = pitch,
                                   .velocity = 0.02,
                                   .instrument = instrument,
                                   .timbre = timbre});
    auralis_score_set_length(score, FRAMES);
    return score;
}

/* Without effects; frees the score. */
static float *render(auralis_score *score) {
    auralis_render_config dry = {.dry = true};
    float *out = malloc(2 * FRAMES * sizeof *out);
    assert_non_null(out);
    assert_int_equal(auralis_render_score(score, &dry, out, FRAMES), 0);
    auralis_score_free(score);
    return out;
}

static const struct {
    const char *name;
    int instrument, timbre;
} VOICES[] = {{"tone", AURALIS_LEAD, AURALIS_TIMBRE_SEED},
              {"analog", AURALIS_BASS, BASS_SUB},
              {"bell", AURALIS_BELL, BELL_CRYSTAL}};
enum { VOICE_COUNT = sizeof VOICES / sizeof *VOICES };

static void a_note_bends_by_semitones(void **state) {
    (void)state;
    static const double bends[] = {0, 2, -2, 0.37, 12, -7.31, 24, -24};
    for (size_t v = 0; v < VOICE_COUNT; v++)
        for (size_t b = 0; b < sizeof bends / sizeof *bends; b++) {
            auralis_score *score = one_note(VOICES[v].instrument, VOICES[v].timbre, 62.2);
            add_control(score, AURALIS_BEND, 1.0, bends[b]);
            double hz = 440 * exp2((62.2 + bends[b] - 69) / 12);
            float *sound = render(score);
            double cents = 1200 * log2(tone_pitch(sound + 4 * RATE, hz, RATE) / hz);
            if (!(fabs(cents) < 0.05))
                fail_msg("%s bent by %g semitones is off by %g cents", VOICES[v].name, bends[b], cents);
            free(sound);
        }
}

/* A bend that is there before the note is there from its first sample on. */
static void a_bend_set_before_the_note_is_no_slide(void **state) {
    (void)state;
    for (size_t v = 0; v < VOICE_COUNT; v++) {
        float *sound[2];
        for (int late = 0; late < 2; late++) {
            auralis_score *score = new_score();
            add_note(score, (auralis_note){.onset = 100037,
                                           .duration = RATE,
                                           .pitch = 60,
                                           .velocity = 0.02,
                                           .instrument = VOICES[v].instrument,
                                           .timbre = VOICES[v].timbre});
            auralis_score_set_length(score, FRAMES);
            auralis_control c = {late ? 100037 : 100, 5, AURALIS_BEND, 0};
            auralis_score_add_control(score, &c, NULL);
            sound[late] = render(score);
        }
        for (size_t i = 0; i < 2 * FRAMES; i++)
            if (!(fabsf(sound[0][i] - sound[1][i]) < 2e-6f)) fail_msg("%s differs at %zu", VOICES[v].name, i);
        free(sound[0]), free(sound[1]);
    }
}

static auralis_score *bell_at(double pitch) {
    auralis_score *score = new_score();
    add_note(score, (auralis_note){.onset = 100037,
                                   .duration = RATE,
                                   .pitch = pitch,
                                   .velocity = 0.05,
                                   .instrument = AURALIS_BELL,
                                   .timbre = BELL_CRYSTAL});
    auralis_score_set_length(score, FRAMES);
    return score;
}

/* A bell that is bent by an octave before it is struck begins like one an octave higher, and as loud as it
 * should be: its first hundred samples are the same but for the sign. */
static void a_voice_begins_where_its_controls_are(void **state) {
    (void)state;
    auralis_score *bent = bell_at(60);
    add_control(bent, AURALIS_BEND, 0.1, 12);
    add_control(bent, AURALIS_VOLUME, 0.1, 0.25);
    add_control(bent, AURALIS_PAN, 0.1, -0.3);
    add_control(bent, AURALIS_VOLUME, 100037.0 / RATE + 0.01, 0.5); /* the gains are on the move already */
    float *low = render(bent), *high = render(bell_at(72));
    double angle = 0.7 * 3.14159265358979323846 / 4, gain = 0.25 * cos(angle) * sqrt(2);
    double sign = (double)low[2 * 100087] * high[2 * 100087] > 0 ? 1 : -1;
    for (size_t i = 100037; i < 100137; i++)
        if (!(fabs(low[2 * i] - sign * gain * high[2 * i]) < 1e-5))
            fail_msg("frame %zu: %g, not %g", i, (double)low[2 * i], sign * gain * high[2 * i]);
    free(low), free(high);
}

/* The factor between two renderings of one note, left and right, from 2 s on. */
static void factors(const float *with, const float *without, double out[2]) {
    for (int side = 0; side < 2; side++) {
        double both = 0, one = 0;
        for (size_t i = 2 * RATE; i < 5 * RATE; i++) {
            both += (double)with[2 * i + (size_t)side] * without[2 * i + (size_t)side];
            one += (double)without[2 * i + (size_t)side] * without[2 * i + (size_t)side];
        }
        out[side] = both / one;
    }
}

static void expect_factor(double is, double right, const char *what, double value) {
    double db = 20 * log10(is / right);
    if (!(fabs(db) < 0.01)) fail_msg("%s %g is off by %g dB", what, value, db);
}

static void gains_and_places_are_exact(void **state) {
    (void)state;
    static const double values[] = {1, 0.7, 100 / 127.0, 0.1, 1 / 127.0};
    static const double pans[] = {0, -1, 1, 0.5, -0.31};
    float *plain = render(one_note(AURALIS_LEAD, AURALIS_TIMBRE_SEED, 64));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double factor[2];
        auralis_score *score = one_note(AURALIS_LEAD, AURALIS_TIMBRE_SEED, 64);
        add_control(score, AURALIS_VOLUME, 1.0, values[i]);
        add_control(score, AURALIS_EXPRESSION, 0.5, 0.5);
        float *sound = render(score);
        factors(sound, plain, factor);
        for (int side = 0; side < 2; side++)
            expect_factor(factor[side], values[i] * 0.5, "volume", values[i]);
        free(sound);
        score = one_note(AURALIS_LEAD, AURALIS_TIMBRE_SEED, 64);
        add_control(score, AURALIS_PAN, 1.0, pans[i]);
        sound = render(score);
        factors(sound, plain, factor);
        double angle = (pans[i] + 1) * 3.14159265358979323846 / 4;
        if (pans[i] < 1) expect_factor(factor[0], cos(angle) * sqrt(2), "pan", pans[i]);
        if (pans[i] > -1) expect_factor(factor[1], sin(angle) * sqrt(2), "pan", pans[i]);
        free(sound);
    }
    free(plain);
}

/* What moves once a block must not be heard at the block's rate: nothing stronger than −80 dB within 150 Hz
 * of f ± k × 750 Hz. */
static void expect_no_zipper(const char *what, auralis_score *score, double hz) {
    float *sound = render(score);
    double *level = tone_spectrum(sound + 4 * RATE);
    for (int k = -2; k <= 4; k++) {
        double at = hz + 750.0 * k;
        if (k == 0) continue;
        double db = tone_beside(level, at - 100, at + 100, RATE);
        if (!(db < -80)) fail_msg("%s: %.1f dB at %.0f Hz", what, db, at);
    }
    free(level), free(sound);
}

/* Controls as a wheel sends them, every 10 ms, on sines of 1,900 Hz. */
static void moving_controls_do_not_buzz(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int kind;
        double middle, swing;
    } moves[] = {{"bend", AURALIS_BEND, 0, 0.5},
                 {"volume", AURALIS_VOLUME, 0.5, 0.5},
                 {"expression", AURALIS_EXPRESSION, 0.5, 0.5},
                 {"pan", AURALIS_PAN, 0, 1},
                 {"modulation", AURALIS_MODULATION, 1, 0}};
    for (size_t v = 0; v < VOICE_COUNT; v += 2) /* tone and bell */
        for (size_t m = 0; m < sizeof moves / sizeof *moves; m++) {
            auralis_score *score = one_note(VOICES[v].instrument, VOICES[v].timbre, 94.3242);
            for (int i = 0; i < 500; i++)
                add_control(score, moves[m].kind, i * 0.01,
                            moves[m].middle +
                                moves[m].swing * sin(2 * 3.14159265358979323846 * 0.7 * i * 0.01));
            expect_no_zipper(moves[m].name, score, 440 * exp2((94.3242 - 69) / 12));
        }
}

/* Vibrato is half a semitone either way at full modulation: the sidebands of a sine that swings so far. */
static void modulation_swings_half_a_semitone(void **state) {
    (void)state;
    auralis_score *score = one_note(AURALIS_LEAD, AURALIS_TIMBRE_SEED, 60);
    add_control(score, AURALIS_MODULATION, 1.0, 1);
    float *sound = render(score);
    double low = 1e9, high = 0, last = 0;
    for (size_t i = 2 * RATE; i < 4 * RATE; i++) { /* each rising zero tells the period since the last */
        double a = sound[2 * i - 2], b = sound[2 * i];
        if (!(a < 0 && b >= 0)) continue;
        double now = (double)i - b / (b - a);
        if (last > 0 && RATE / (now - last) < low) low = RATE / (now - last);
        if (last > 0 && RATE / (now - last) > high) high = RATE / (now - last);
        last = now;
    }
    double middle = 440 * exp2((60 - 69) / 12.0);
    assert_true(fabs(12 * log2(high / middle) - 0.5) < 0.02);
    assert_true(fabs(12 * log2(low / middle) + 0.5) < 0.02);
    free(sound);
}

static void put_random(auralis_score *score, struct random *r) {
    for (int i = 0; i < 60; i++) {
        auralis_note n = {
            .onset = random_below(r, FRAMES), .velocity = 0.3, .instrument = i % AURALIS_INSTRUMENTS};
        n.pitch = random_range(r, 30, 100);
        n.duration = 1 + random_below(r, 2 * RATE);
        n.channel = (int32_t)random_below(r, 3);
        n.pan = random_range(r, -1, 1);
        n.timbre = (int32_t)random_below(r, (uint32_t)timbre_names(n.instrument, NULL) + 1) - 1;
        add_note(score, n);
    }
    for (int i = 0; i < 900; i++) {
        auralis_control c = {random_below(r, FRAMES), 0, (int32_t)random_below(r, AURALIS_CONTROL_KINDS),
                             (int32_t)random_below(r, 2)};
        c.value = c.kind == AURALIS_BEND ? random_range(r, -24, 24) : random_unit(r);
        assert_int_equal(auralis_score_add_control(score, &c, NULL), 0);
    }
    auralis_score_set_length(score, FRAMES);
}

static void read_from(auralis_score *score, const char *isa, uint64_t start, float *out) {
    auralis_engine *engine;
    auralis_stream *stream;
    auralis_engine_config e = {.isa = isa, .max_streams = 1};
    auralis_stream_config c = {.score = score, .dry = true, .start = start};
    assert_int_equal(auralis_engine_create(&e, &engine), 0);
    assert_int_equal(auralis_stream_open(engine, &c, &stream), 0);
    assert_int_equal(auralis_stream_read(stream, out, FRAMES - start), 0);
    auralis_engine_destroy(engine);
}

/* Any instruction set: the same bits. Any starting point: the same samples, but for the last bits of sums
 * whose voices are in another order, as their slots were given out by another past. */
static void controls_are_seekable(void **state) {
    (void)state;
    static const uint64_t starts[] = {0, 64, 47999, 48000, 100001, 200000, 287000};
    struct random r = random_at(1, 2, 3, 4);
    const char *isas[8];
    int count = auralis_isas(isas, 8);
    auralis_score *score = new_score();
    float *whole = malloc(2 * FRAMES * sizeof *whole), *right = malloc(2 * FRAMES * sizeof *right),
          *part = malloc(2 * FRAMES * sizeof *part);
    put_random(score, &r);
    read_from(score, "scalar", 0, whole);
    for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
        size_t samples = 2 * (FRAMES - starts[k]);
        read_from(score, "scalar", starts[k], right);
        for (size_t f = 0; f < samples; f++)
            if (!(fabsf(right[f] - whole[2 * starts[k] + f]) < 5e-7f))
                fail_msg("from %llu: differs at %zu", (unsigned long long)starts[k], f / 2);
        for (int i = 0; i < count; i++) {
            read_from(score, isas[i], starts[k], part);
            assert_memory_equal(part, right, samples * sizeof *part);
        }
    }
    auralis_score_free(score);
    free(whole), free(right), free(part);
}

/* Controls that say nothing, or speak to others, change no bit. */
static void idle_controls_change_nothing(void **state) {
    (void)state;
    float *sound[2];
    for (int with = 0; with < 2; with++) {
        struct random r = random_at(5, 6, 7, 8);
        auralis_score *score = new_score(), *other = new_score();
        put_random(other, &r);
        for (size_t i = 0; i < auralis_score_count(other); i++)
            add_note(score, auralis_score_notes(other)[i]);
        auralis_score_free(other);
        for (int i = 0; with && i < 50; i++)
            for (int kind = 0; kind < AURALIS_CONTROL_KINDS; kind++) {
                bool gain = kind == AURALIS_VOLUME || kind == AURALIS_EXPRESSION;
                auralis_control idle = {(uint64_t)(i * 5001), gain, kind, i % 3},
                                away = {(uint64_t)(i * 5001), 0.3, kind, 9};
                assert_int_equal(auralis_score_add_control(score, &idle, NULL), 0);
                assert_int_equal(auralis_score_add_control(score, &away, NULL), 0);
            }
        auralis_score_set_length(score, FRAMES);
        sound[with] = render(score);
    }
    assert_memory_equal(sound[0], sound[1], 2 * FRAMES * sizeof(float));
    free(sound[0]), free(sound[1]);
}

static void refused(auralis_control c, const char *place) {
    auralis_score *score = new_score();
    auralis_message why = {{0}, {0}};
    assert_int_equal(auralis_score_add_control(score, &c, &why), AURALIS_EINVAL);
    assert_string_equal(why.place, place);
    size_t count = 1;
    auralis_score_controls(score, &count);
    assert_int_equal(count, 0);
    auralis_score_free(score);
}

static void what_is_out_of_range_is_refused(void **state) {
    (void)state;
    refused((auralis_control){0, 97, AURALIS_BEND, 0}, "value");
    refused((auralis_control){0, NAN, AURALIS_PAN, 0}, "value");
    refused((auralis_control){0, -0.1, AURALIS_VOLUME, 0}, "value");
    refused((auralis_control){0, 1.1, AURALIS_MODULATION, 0}, "value");
    refused((auralis_control){0, 0, AURALIS_CONTROL_KINDS, 0}, "kind");
    refused((auralis_control){0, 0, -1, 0}, "kind");
    refused((auralis_control){0, 0, AURALIS_BEND, 16}, "channel");
    refused((auralis_control){(uint64_t)1 << 48, 0, AURALIS_BEND, 0}, "frame");
}

static auralis_score *read_file(const char *name) {
    char path[512];
    static uint8_t bytes[1 << 20];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("cannot open %s", path);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_read_midi(bytes, size, RATE, &score, NULL), 0);
    return score;
}

static auralis_score *written_and_read(auralis_score *score) {
    void *bytes;
    size_t size;
    auralis_score *back = NULL;
    assert_int_equal(auralis_score_write_midi(score, 240, &bytes, &size), 0);
    assert_int_equal(auralis_score_read_midi(bytes, size, RATE, &back, NULL), 0);
    free(bytes);
    return back;
}

static int by_channel(const void *a, const void *b) {
    const auralis_control *x = a, *y = b;
    if (x->channel != y->channel) return x->channel - y->channel;
    if (x->kind != y->kind) return x->kind - y->kind;
    if (x->frame != y->frame) return x->frame < y->frame ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

static auralis_control *controls_in_order(const auralis_score *score, size_t *count) {
    const auralis_control *from = auralis_score_controls(score, count);
    auralis_control *copy = malloc((*count + 1) * sizeof *copy);
    memcpy(copy, from, *count * sizeof *copy);
    qsort(copy, *count, sizeof *copy, by_channel);
    return copy;
}

static void expect_same_controls(const auralis_score *score, const auralis_score *back, const char *name) {
    size_t a, b, tick = 14;
    auralis_control *x = controls_in_order(score, &a), *y = controls_in_order(back, &b);
    if (a != b) fail_msg("%s: %zu controls, %zu read back", name, a, b);
    for (size_t i = 0; i < a; i++) {
        uint64_t apart = x[i].frame > y[i].frame ? x[i].frame - y[i].frame : y[i].frame - x[i].frame;
        if (x[i].kind != y[i].kind || x[i].channel != y[i].channel || apart > tick ||
            fabs(x[i].value - y[i].value) > 1e-9)
            fail_msg(
                "%s: control %zu: kind %d, channel %d, frame %llu, %.9g is read back as %d, %d, %llu, %.9g",
                name, i, x[i].kind, x[i].channel, (unsigned long long)x[i].frame, x[i].value, y[i].kind,
                y[i].channel, (unsigned long long)y[i].frame, y[i].value);
    }
    free(x), free(y);
}

/* Files of other makers: how many controls of each kind they are heard with, and that all survive. */
static void real_files_read_back(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool kinds[AURALIS_CONTROL_KINDS];
    } files[] = {{"abc2midi.mid", {0}},
                 {"anvil-studio.mid", {0}},
                 {"lilypond.mid", {0}},
                 {"qmus2mid.mid", {0}},
                 {"rosegarden.mid", {0}},
                 {"finale.mid", {[AURALIS_VOLUME] = true}},
                 {"fl-studio.mid", {[AURALIS_BEND] = true, [AURALIS_VOLUME] = true}},
                 {"tablature.mid", {[AURALIS_BEND] = true, [AURALIS_VOLUME] = true}}};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        auralis_score *score = read_file(files[f].name), *back = written_and_read(score);
        size_t count;
        const auralis_control *c = auralis_score_controls(score, &count);
        bool kinds[AURALIS_CONTROL_KINDS] = {false};
        for (size_t i = 0; i < count; i++) kinds[c[i].kind] = true;
        for (int k = 0; k < AURALIS_CONTROL_KINDS; k++)
            if (kinds[k] != files[f].kinds[k])
                fail_msg("%s: kind %d is %s", files[f].name, k, kinds[k] ? "there" : "not there");
        assert_int_equal(auralis_score_count(score), auralis_score_count(back));
        expect_same_controls(score, back, files[f].name);
        auralis_score_free(score), auralis_score_free(back);
    }
}

/* What FluidSynth plays from a file that we wrote: one note from the beginning on, from 2 s. NULL: not there.
 */
static float *played_by_fluidsynth(auralis_score *score) {
    static const char font[] = "/usr/share/sounds/sf2/TimGM6mb.sf2";
    char midi[] = "/tmp/auralis-controls-XXXXXX", raw[64], command[512];
    void *bytes;
    size_t size;
    if (access(font, R_OK) || system("command -v fluidsynth >/dev/null 2>&1")) return NULL;
    int file = mkstemp(midi);
    assert_true(file >= 0);
    assert_int_equal(auralis_score_write_midi(score, 120, &bytes, &size), 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
    free(bytes);
    snprintf(raw, sizeof raw, "%s.raw", midi);
    snprintf(command, sizeof command,
             "fluidsynth -n -i -q -R 0 -C 0 -r %d -O float -T raw -F %s %s %s >/dev/null 2>&1", RATE, raw,
             font, midi);
    assert_int_equal(system(command), 0);
    float *sound = calloc(2 * FRAMES, sizeof *sound);
    FILE *in = fopen(raw, "rb");
    assert_non_null(in);
    assert_true(fread(sound, 2 * sizeof *sound, FRAMES, in) > 5 * RATE);
    fclose(in);
    unlink(midi), unlink(raw);
    return sound;
}

static double rms_of(const float *sound) {
    double sum = 0;
    for (size_t i = 4 * RATE; i < 8 * RATE; i++) sum += (double)sound[i] * sound[i];
    return sqrt(sum);
}

/* Bend and its range, as another program reads them. FluidSynth 2 bends by 127/128 of what it is told, in
 * whole cents. Its gains follow another law: only that they fall. */
static void fluidsynth_hears_the_same_bends(void **state) {
    (void)state;
    static const double bends[] = {0, 2, -1.37, 7.3, -12, 24};
    double middle = 0, loud = 0;
    for (size_t i = 0; i < sizeof bends / sizeof *bends; i++)
        for (int soft = 0; soft < 2 - (i > 0); soft++) {
            auralis_score *score = new_score();
            add_note(score, (auralis_note){.duration = FRAMES - RATE / 2,
                                           .pitch = 60,
                                           .velocity = 0.8,
                                           .instrument = AURALIS_LEAD,
                                           .timbre = LEAD_FLUTE});
            add_control(score, AURALIS_BEND, 1.0, bends[i]);
            add_control(score, AURALIS_EXPRESSION, 1.0, soft ? 0.25 : 1);
            float *sound = played_by_fluidsynth(score);
            auralis_score_free(score);
            if (!sound) skip();
            double hz = tone_pitch(sound + 4 * RATE, 440 * exp2((60 + bends[i] - 69) / 12), RATE);
            if (!i && !soft) middle = hz, loud = rms_of(sound);
            if (!i && soft) assert_true(rms_of(sound) < 0.5 * loud);
            double cents = 1200 * log2(hz / middle) - 100 * bends[i] * 127 / 128;
            if (!(fabs(cents) < 1.5))
                fail_msg("FluidSynth hears a bend of %g off by %g cents", bends[i], cents);
            free(sound);
        }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_bends_by_semitones),
        cmocka_unit_test(a_bend_set_before_the_note_is_no_slide),
        cmocka_unit_test(a_voice_begins_where_its_controls_are),
        cmocka_unit_test(gains_and_places_are_exact),
        cmocka_unit_test(moving_controls_do_not_buzz),
        cmocka_unit_test(modulation_swings_half_a_semitone),
        cmocka_unit_test(controls_are_seekable),
        cmocka_unit_test(idle_controls_change_nothing),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(real_files_read_back),
        cmocka_unit_test(fluidsynth_hears_the_same_bends),
    };
    if (argc != 2) return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
