/* metrics.c — what the server counts about itself, as OpenMetrics text (see metrics.h).
 *
 * Format: OpenMetrics 1.0 (openmetrics.io): a TYPE, UNIT and HELP line a family, counters end in _total,
 * histograms are cumulative, and "# EOF" ends it. The bounds of the histograms are those that the alert rules
 * ask for, and finer ones below, since a healthy server is far under the alerts. */
#include "server/metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void family(FILE *to, const char *name, const char *type, const char *unit, const char *help) {
    fprintf(to, "# TYPE auralis_%s %s\n", name, type);
    if (*unit) fprintf(to, "# UNIT auralis_%s %s\n", name, unit);
    fprintf(to, "# HELP auralis_%s %s\n", name, help);
}

static void gauge(FILE *to, const char *name, const char *unit, const char *help, double value) {
    family(to, name, "gauge", unit, help);
    fprintf(to, "auralis_%s %.9g\n", name, value);
}

static unsigned long long read_counter(const _Atomic uint64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void counter(FILE *to, const char *name, const char *unit, const char *help,
                    const _Atomic uint64_t *value) {
    family(to, name, "counter", unit, help);
    fprintf(to, "auralis_%s_total %llu\n", name, read_counter(value));
}

/* The total is taken after the buckets and never below them, so that the text is consistent while others
 * count. */
static void histogram(FILE *to, const char *name, const char *help, const struct histogram *h,
                      const double *bounds, size_t count) {
    unsigned long long seen = 0;
    family(to, name, "histogram", "seconds", help);
    for (size_t i = 0; i < count; i++) {
        unsigned long long below = histogram_below(h, bounds[i]);
        seen = below > seen ? below : seen;
        fprintf(to, "auralis_%s_bucket{le=\"%g\"} %llu\n", name, bounds[i], seen);
    }
    unsigned long long total = read_counter(&h->total);
    total = total > seen ? total : seen;
    fprintf(to, "auralis_%s_bucket{le=\"+Inf\"} %llu\n", name, total);
    fprintf(to, "auralis_%s_count %llu\n", name, total);
    fprintf(to, "auralis_%s_sum %.9g\n", name, (double)read_counter(&h->sum) * 1e-9);
}

#define HISTOGRAM(to, name, help, h, bounds)                                                                 \
    histogram(to, name, help, h, bounds, sizeof(bounds) / sizeof *(bounds))

static void histograms(FILE *to, const struct metrics *m) {
    static const double synthesis[] = {.0001, .00025, .0005, .001, .0025, .005, .01, .025,
                                       .05,   .075,   .1,    .15,  .2,    .3,   .5,  1};
    static const double ahead[] = {.05, .1, .2, .3, .5, .75, 1, 1.5, 2, 2.5, 3, 4};
    static const double jitter[] = {.0001, .00025, .0005, .001, .002, .005, .01, .02, .03, .05, .075, .1, .2};
    static const double encoding[] = {.00001, .00002, .00005, .0001, .0005, .001, .002, .005, .01, .02};
    HISTOGRAM(to, "synthesis_latency_seconds", "Time to render one slice of the streams of a worker.",
              &m->synthesis, synthesis);
    HISTOGRAM(to, "buffer_depth_seconds", "Audio that listeners had ahead, seen once a second each.",
              &m->ahead, ahead);
    HISTOGRAM(to, "chunk_delivery_jitter_seconds", "How far from its due time a chunk went out.", &m->jitter,
              jitter);
    HISTOGRAM(to, "chunk_encoding_duration_seconds", "Time to encode one chunk.", &m->encoding, encoding);
}

static void counters(FILE *to, const struct metrics *m) {
    static const char *const causes[SEND_ERRORS] = {[SEND_DISCONNECT] = "disconnect",
                                                    [SEND_TIMEOUT] = "timeout",
                                                    [SEND_ENCODING] = "encoding_error",
                                                    [SEND_UNKNOWN] = "unknown"};
    counter(to, "buffer_underruns", "", "Chunks sent after the listener's buffer had run out.",
            &m->underruns);
    counter(to, "chunks_generated", "", "Chunks rendered.", &m->chunks_generated);
    counter(to, "chunks_sent", "", "Chunks sent to listeners.", &m->chunks_sent);
    counter(to, "sent_bytes", "bytes", "Bytes of audio sent to listeners.", &m->bytes_sent);
    counter(to, "connections_refused", "", "Connections refused by a limit.", &m->refused);
    counter(to, "phrases_generated", "", "Phrases of eight bars composed.", &m->phrases);
    counter(to, "connections_shed", "", "Connections closed because they took too long.", &m->shed);
    counter(to, "http_requests", "", "Requests of HTTP answered.", &m->requests);
    counter(to, "icecast_sent_bytes", "bytes", "Bytes of audio sent to Icecast servers.", &m->icecast_bytes);
    counter(to, "icecast_failures", "", "Connections to Icecast servers that were lost or not made.",
            &m->icecast_failures);
    counter(to, "http_writes", "", "Writes to sockets of listeners over plain HTTP, TLS and HTTP/2 apart.",
            &m->http_writes);
    counter(to, "http_skips", "", "Times that an HTTP listener lagged too far and was moved forward.",
            &m->http_skips);
    family(to, "websocket_send_errors", "counter", "", "Connections lost while sending, by cause.");
    for (int i = 0; i < SEND_ERRORS; i++)
        fprintf(to, "auralis_websocket_send_errors_total{error_type=\"%s\"} %llu\n", causes[i],
                read_counter(&m->send_errors[i]));
}

/* Resident memory, from /proc; 0 where there is none. */
static double resident_bytes(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void http_listeners(FILE *to, const struct metrics *m) {
    family(to, "http_listeners", "gauge", "", "Listeners over plain HTTP, by format.");
    for (int i = 0; i < ENCODER_FORMATS; i++)
        fprintf(to, "auralis_http_listeners{format=\"%s\"} %u\n", encoder_name(i),
                atomic_load_explicit(&m->http_listeners[i], memory_order_relaxed));
}

static void gauges(FILE *to, const struct gauges *now) {
    gauge(to, "uptime_seconds", "seconds", "Since the server started.", now->uptime_seconds);
    gauge(to, "active_websocket_connections", "", "Sockets that are open.", now->active_connections);
    gauge(to, "streams", "", "Streams being rendered.", now->streams);
    family(to, "streams_restarted", "counter", "", "Streams begun again because their rendering failed.");
    fprintf(to, "auralis_streams_restarted_total %llu\n", (unsigned long long)now->restarted);
    gauge(to, "voices", "", "Voices sounding on all streams.", now->voices);
    gauge(to, "render_load_ratio", "ratio", "Share of its time that the least busy render thread works.",
          now->render_load);
    gauge(to, "encoder_load_ratio", "ratio", "Share of their time that the encoding threads work.",
          now->encoder_load);
    gauge(to, "opus_complexity", "", "How hard Opus tries, 0 to 10.", now->opus_complexity);
    gauge(to, "phrase_generation_rate_hz", "hz",
          "Phrases of eight bars composed a second, over the last minute.", now->phrase_rate_hz);
    gauge(to, "memory_usage_bytes", "bytes", "Resident memory of the process.",
          now->memory_bytes > 0 ? now->memory_bytes : resident_bytes());
    gauge(to, "http_requests_waiting", "", "Changes over the API that wait for the disk or a render thread.",
          now->errands);
    gauge(to, "gpu_memory_allocated_bytes", "bytes", "Memory taken on a GPU.", now->gpu_memory_bytes);
}

/* Counted elsewhere. */
static void counted(FILE *to, const char *name, const char *help, uint64_t value) {
    family(to, name, "counter", "", help);
    fprintf(to, "auralis_%s_total %llu\n", name, (unsigned long long)value);
}

static void gpu(FILE *to, const struct gauges *now) {
    family(to, "gpu_kernel_seconds", "counter", "seconds",
           "Time that batches took on GPUs, copies included.");
    fprintf(to, "auralis_gpu_kernel_seconds_total %.9g\n", now->gpu_seconds);
    gauge(to, "gpu_utilisation_ratio", "ratio", "Share of the last second that batches took on the GPU.",
          now->gpu_use);
    counted(to, "render_batches", "Calls in which streams were rendered together.", now->batches);
    counted(to, "streams_gpu_full", "Streams that a GPU had no room for, and that the processor renders.",
            now->gpu_full);
    counted(to, "gpu_faults", "GPUs that failed.", now->gpu_faults);
    counted(to, "streams_rescued", "Streams that went on after their GPU had failed.", now->rescued);
    counted(to, "streams_shed", "Streams that were ended since there was no room after their GPU had failed.",
            now->shed);
    gauge(to, "streams_waiting", "", "Streams that wait for their rescue from a GPU that failed.",
          now->waiting);
}

void metrics_begin(struct metrics *m) {
    memset(m, 0, sizeof *m);
}

char *metrics_text(const struct metrics *m, const struct gauges *now, size_t *length) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    gauges(to, now);
    gpu(to, now);
    http_listeners(to, m);
    histograms(to, m);
    counters(to, m);
    fputs("# EOF\n", to);
    bool failed = ferror(to);
    if (fclose(to) || failed) {
        free(text);
        return NULL;
    }
    *length = size;
    return text;
}
