/* report.c — what a run of listeners found (see report.h). */
#include "load/report.h"

#include "server/tier.h"

#include <jansson.h>
#include <string.h>

typedef unsigned long long count;

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void kinds_text(const struct load_config *f, char out[128]) {
    size_t at = 0;
    out[0] = 0;
    for (uint32_t i = 0; i < f->kinds && at < 100; i++) {
        char name[32];
        load_kind_name(&f->kind[i], name);
        at += (size_t)snprintf(out + at, 128 - at, "%s%s", i ? ", " : "", name);
    }
}

static void times(const char *name, const struct histogram *h, FILE *to) {
    fprintf(to, "%-14s p50 %.2f ms, p95 %.2f ms, p99 %.2f ms\n", name, 1e3 * histogram_percentile(h, 0.5),
            1e3 * histogram_percentile(h, 0.95), 1e3 * histogram_percentile(h, 0.99));
}

static void server_lines(const struct load_results *r, FILE *to) {
    if (!r->server_seen) {
        fprintf(to, "%-14s not on this machine, or another user's: no figures\n", "server");
        return;
    }
    fprintf(to, "%-14s %.1f %% of a core, %d threads%s\n", "server CPU", 100 * r->server_cpu,
            r->server_threads, r->server_gone ? "; it is gone" : "");
    fprintf(to, "%-14s %.1f MB before, %.1f playing (%.1f most), %.1f after; %+.2f MB an hour\n",
            "server RSS", r->rss_before, r->rss_playing, r->rss_peak, r->rss_after, r->rss_slope);
}

void load_table(const struct load_config *f, const struct load_results *r, FILE *to) {
    char kinds[128];
    kinds_text(f, kinds);
    fprintf(to, "%-14s %u on %s: %s; %u %% on station %s, %u slow; %.1f s%s\n", "listeners", f->listeners,
            f->target.host, kinds, f->shared_percent, f->station, f->slow, r->seconds,
            r->interrupted ? " (interrupted)" : "");
    fprintf(to, "%-14s %llu opened, %llu failed, %llu lost, %llu replaced, %llu playing at the end\n",
            "connections", (count)r->opened, (count)r->failed, (count)r->lost, (count)r->left,
            (count)r->playing);
    fprintf(to, "%-14s %llu, %.1f MB\n", "messages", (count)r->messages, (double)r->bytes * 1e-6);
    fprintf(to, "%-14s %.3f %% of %llu within 50 ms; the latest by %.1f ms\n", "on time",
            percent(r->on_time, r->steady), (count)r->steady, (double)r->worst * 1e-6);
    times("jitter", &r->jitter, to);
    times("first sound", &r->first_sound, to);
    fprintf(to, "%-14s %llu gaps (%llu frames), %llu repeats, %llu malformed, %llu server errors\n", "order",
            (count)r->gaps, (count)r->missing_frames, (count)r->repeats, (count)r->malformed,
            (count)r->errors);
    fprintf(to, "%-14s %llu times silent; slow readers were told of %llu skips\n", "players",
            (count)r->starved, (count)r->told_skips);
    fprintf(to, "%-14s %llu of %llu messages differ from the piece (%llu listeners, %.1f s of audio)\n",
            "samples", (count)r->wrong, (count)r->verified_messages, (count)r->verified_listeners,
            (double)r->verified_frames / 48000);
    server_lines(r, to);
    fprintf(to, "%-14s %.1f %% of a core\n", "load CPU", 100 * r->own_cpu);
    for (uint32_t i = 0; i < r->notes; i++) fprintf(to, "fault: %s\n", r->note[i]);
}

static json_t *milliseconds(const struct histogram *h) {
    return json_pack("{s:f, s:f, s:f, s:f}", "p50", 1e3 * histogram_percentile(h, 0.5), "p95",
                     1e3 * histogram_percentile(h, 0.95), "p99", 1e3 * histogram_percentile(h, 0.99), "mean",
                     1e3 * histogram_mean(h));
}

static json_t *asked_json(const struct load_config *f) {
    char kinds[128];
    kinds_text(f, kinds);
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:s, s:s, s:i, s:s, s:f, s:f, s:f, s:f, s:s}", "server",
                     f->target.host, "listeners", (int)f->listeners, "verify", (int)f->verify, "slow",
                     (int)f->slow, "shared_percent", (int)f->shared_percent, "station", f->station,
                     "protocols", kinds, "chunk_frames", (int)f->chunk, "tier", tier_name(f->tier),
                     "ramp_seconds", (double)f->ramp * 1e-9, "duration_seconds", (double)f->duration * 1e-9,
                     "ppm", f->ppm, "churn", f->churn, "plant", load_plant_name(f->plant));
}

static json_t *server_json(const struct load_results *r) {
    if (!r->server_seen) return json_null();
    return json_pack("{s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:b}", "cpu_cores", r->server_cpu, "threads",
                     r->server_threads, "rss_mb_before", r->rss_before, "rss_mb_playing", r->rss_playing,
                     "rss_mb_peak", r->rss_peak, "rss_mb_after", r->rss_after, "rss_mb_per_hour",
                     r->rss_slope, "gone", r->server_gone);
}

static json_t *counts_json(const struct load_results *r) {
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"opened", r->opened},
                  {"failed", r->failed},
                  {"lost", r->lost},
                  {"replaced", r->left},
                  {"playing", r->playing},
                  {"messages", r->messages},
                  {"bytes", r->bytes},
                  {"steady_messages", r->steady},
                  {"on_time_messages", r->on_time},
                  {"gaps", r->gaps},
                  {"missing_frames", r->missing_frames},
                  {"repeats", r->repeats},
                  {"malformed", r->malformed},
                  {"server_errors", r->errors},
                  {"starved", r->starved},
                  {"told_skips", r->told_skips},
                  {"wrong_messages", r->wrong},
                  {"verified_messages", r->verified_messages},
                  {"verified_frames", r->verified_frames},
                  {"verified_listeners", r->verified_listeners},
                  {"unverified_messages", r->unverified_messages}};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(object, counts[i].name, json_integer((json_int_t)counts[i].value));
    return object;
}

static json_t *silences(const struct load_results *r) {
    json_t *all = json_array();
    for (uint64_t i = 0; i < r->starved && i < LOAD_SILENCES; i++)
        json_array_append_new(all, json_real(r->silent_at[i]));
    return all;
}

bool load_json(const struct load_config *f, const struct load_results *r, FILE *to) {
    json_t *notes = json_array();
    for (uint32_t i = 0; i < r->notes; i++) json_array_append_new(notes, json_string(r->note[i]));
    json_t *all = json_pack(
        "{s:o, s:o, s:f, s:f, s:f, s:o, s:o, s:o, s:f, s:b, s:b, s:o, s:o}", "asked", asked_json(f), "counts",
        counts_json(r), "seconds", r->seconds, "on_time_percent", percent(r->on_time, r->steady), "latest_ms",
        (double)r->worst * 1e-6, "jitter_ms", milliseconds(&r->jitter), "first_sound_ms",
        milliseconds(&r->first_sound), "server", server_json(r), "load_cpu_cores", r->own_cpu, "interrupted",
        r->interrupted, "passed", load_passed(r), "silent_at", silences(r), "faults", notes);
    bool written =
        all && json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 && fputc('\n', to) != EOF;
    json_decref(all);
    return written;
}
