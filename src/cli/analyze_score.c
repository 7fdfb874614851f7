/* analyze_score.c — `auralis analyze --score`: a phrase, a MIDI file, or what the composer writes. */
#include "cli/analyze.h"
#include "cli/commands.h"
#include "measure/report.h"
#include "measure/score_statistics.h"

#include <math.h>

enum { RATE = 48000 };
static const char NAME[] = "analyze";

static void time_text(char out[32], double seconds) {
    report_time(out, (uint64_t)(seconds * 1000 + 0.5), 1000);
}

static void print_pattern(const char *title, const struct score_pattern *p) {
    char first[32], second[32];
    time_text(first, p->first), time_text(second, p->second);
    if (p->notes)
        printf("  %-24s %zu notes in %.1f s, at %s and at %s\n", title, p->notes, p->seconds, first, second);
    else
        printf("  %-24s none\n", title);
}

static void print_density(const struct score_statistics *s) {
    if (s->minutes)
        printf("  Notes a minute           %.1f on average, %.0f to %.0f\n", s->density_mean, s->density_min,
               s->density_max);
    else
        printf("  Notes a minute           %.1f\n", s->density_mean);
    enum { LINE = 30 };
    for (int m = 0; m < s->minutes; m++)
        printf("%s%3u%s", m % LINE ? " " : "    ", s->per_minute[m],
               m % LINE == LINE - 1 || m == s->minutes - 1 ? "\n" : "");
}

static void key_text(const struct score_key *key, char out[64]) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    char tonic[32], mode[32];
    p.key = key->key, p.mode = key->mode;
    auralis_parameters_text(&p, auralis_parameter_find("key"), tonic, sizeof tonic);
    auralis_parameters_text(&p, auralis_parameter_find("mode"), mode, sizeof mode);
    snprintf(out, 64, "%s %s", tonic, mode);
}

static void print_text(const char *name, const struct score_statistics *s, bool found) {
    char time[32], key[64];
    time_text(time, s->seconds);
    key_text(&s->key, key);
    printf("%s: %s, %zu notes\n", name, time, s->notes);
    printf("  Key                      %s%s\n", key, found ? " (found)" : "");
    printf("  Melody                   %zu notes: %.1f %% of the chord, %.1f %% of the scale, %.1f %% "
           "chromatic\n",
           s->melody_notes, 100 * s->chord_share, 100 * s->scale_share, 100 * s->chromatic_share);
    printf("  In chord or scale        %.1f %% of all pitched notes\n", 100 * s->inside_share);
    printf("  Harmony                  %zu chords", s->chords);
    if (s->chords > 1)
        printf(", changing every %.1f s on average, %.1f to %.1f s", s->change_mean, s->change_min,
               s->change_max);
    printf("\n  V-I cadences             %zu\n", s->cadences);
    printf("  Range of the melody      %.0f to %.0f, mean %.1f\n", s->melody_low, s->melody_high,
           s->melody_mean);
    printf("  Range of the harmony     %.0f to %.0f\n", s->harmony_low, s->harmony_high);
    printf("  Register                 %.1f (mean pitch, by time)\n", s->register_mean);
    print_pattern("Longest repetition", &s->repeated);
    print_pattern("... in any transposition", &s->transposed);
    print_density(s);
}

static void json_field(const char *name, double value, int decimals) {
    printf(",\"%s\":", name);
    report_json_number(stdout, value, decimals);
}

static void json_pattern(const char *name, const struct score_pattern *p) {
    printf(",\"%s\":{\"notes\":%zu,\"seconds\":%.3f,\"first\":%.3f,\"second\":%.3f}", name, p->notes,
           p->seconds, p->first, p->second);
}

static void print_json(const char *name, const struct score_statistics *s, bool found) {
    char key[64];
    key_text(&s->key, key);
    printf("{\"score\":");
    report_json_text(stdout, name);
    printf(
        ",\"key\":\"%s\",\"key_found\":%s,\"notes\":%zu,\"melody_notes\":%zu,\"chords\":%zu,\"cadences\":%zu",
        key, found ? "true" : "false", s->notes, s->melody_notes, s->chords, s->cadences);
    json_field("seconds", s->seconds, 3);
    json_field("chord_share", s->chord_share, 5);
    json_field("scale_share", s->scale_share, 5);
    json_field("chromatic_share", s->chromatic_share, 5);
    json_field("inside_share", s->inside_share, 5);
    json_field("change_mean", s->change_mean, 3);
    json_field("change_min", s->change_min, 3);
    json_field("change_max", s->change_max, 3);
    json_field("melody_low", s->melody_low, 2);
    json_field("melody_high", s->melody_high, 2);
    json_field("melody_mean", s->melody_mean, 2);
    json_field("harmony_low", s->harmony_low, 2);
    json_field("harmony_high", s->harmony_high, 2);
    json_field("register", s->register_mean, 2);
    json_field("density_mean", s->density_mean, 2);
    json_field("density_min", s->density_min, 0);
    json_field("density_max", s->density_max, 0);
    json_pattern("repeated", &s->repeated);
    json_pattern("transposed", &s->transposed);
    printf(",\"notes_per_minute\":[");
    for (int m = 0; m < s->minutes; m++) printf("%s%u", m ? "," : "", s->per_minute[m]);
    printf("]}\n");
}

static int compose(const struct analyze_request *r, const auralis_parameters *p, auralis_score **out) {
    uint64_t from = time_frames(r->music.start, RATE), frames = time_frames(r->duration, RATE);
    auralis_score *composed;
    int result = auralis_score_compose(r->music.seed, p, RATE, from, from + frames, &composed);
    if (result == AURALIS_OK) result = auralis_score_create(RATE, out);
    if (result < 0) return fail(NAME, "cannot compose the score: %s", auralis_strerror(result));
    const auralis_note *note = auralis_score_notes(composed);
    for (size_t i = 0; i < auralis_score_count(composed) && result == AURALIS_OK; i++) {
        auralis_note n = note[i];
        n.onset -= from;
        result = auralis_score_add(*out, &n, NULL);
    }
    auralis_score_set_length(*out, frames);
    auralis_score_free(composed);
    return result < 0 ? fail(NAME, "cannot compose the score: %s", auralis_strerror(result)) : EXIT_DONE;
}

static bool typed(const struct music *m, const char *name) {
    return m->which >> auralis_parameter_find(name) & 1;
}

int analyze_score(const struct analyze_request *r) {
    static struct score_statistics statistics;
    auralis_parameters p = music_parameters(&r->music, NAME, true);
    auralis_score *score = NULL;
    char name[64];
    const char *file = r->count ? r->file[0] : NULL;
    snprintf(name, sizeof name, "%s, seed %llu", r->music.preset ? r->music.preset->name : "composed",
             (unsigned long long)r->music.seed);
    int status = file ? music_score(NAME, file, RATE, &score) : compose(r, &p, &score);
    if (status) {
        auralis_score_free(score);
        return status;
    }
    bool found = file && !r->music.preset && !typed(&r->music, "key");
    struct score_key key = {found ? -1 : p.key, p.mode};
    int result = score_statistics(score, key, p.bpm, &statistics);
    auralis_score_free(score);
    if (result < 0) return fail(NAME, "%s: %s", file ? file : name, auralis_strerror(result));
    if (r->json)
        print_json(file ? file : name, &statistics, found);
    else
        print_text(file ? file : name, &statistics, found);
    return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}
