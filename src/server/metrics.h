/* metrics.h — what the server counts about itself, and the OpenMetrics text of it.
 *
 * One struct a server. The counters are atomic: bump them from any thread with atomic_fetch_add_explicit(…,
 * memory_order_relaxed) or histogram_add. Nothing has a label per client, so the text stays small. */
#ifndef AURALIS_SERVER_METRICS_H
#define AURALIS_SERVER_METRICS_H

#include "measure/histogram.h"
#include "stream/encoder.h"
#include "stream/live.h"

#include <stddef.h>

enum send_error { SEND_DISCONNECT, SEND_TIMEOUT, SEND_ENCODING, SEND_UNKNOWN, SEND_ERRORS };

struct metrics {
    struct histogram synthesis; /* seconds to render one chunk */
    struct histogram jitter;    /* seconds a chunk went out away from its due time */
    struct histogram encoding;  /* seconds to encode a chunk */
    struct histogram ahead;     /* seconds of audio that a listener had ahead, seen once a second each */
    _Atomic uint64_t underruns; /* chunks sent after the listener's buffer had run out */
    _Atomic uint64_t chunks_generated;
    _Atomic uint64_t chunks_sent, bytes_sent;
    _Atomic uint64_t send_errors[SEND_ERRORS];
    _Atomic uint64_t refused;                         /* connections refused (429, 503) */
    _Atomic uint64_t phrases;                         /* of eight bars, on all streams */
    _Atomic uint64_t requests;                        /* of HTTP */
    _Atomic uint64_t shed;                            /* connections that took too long */
    _Atomic uint32_t http_listeners[ENCODER_FORMATS]; /* listening now over plain HTTP, by format */
    _Atomic uint64_t icecast_bytes,
        icecast_failures;         /* sent to Icecast servers; connections lost or not made */
    _Atomic uint64_t http_writes; /* to sockets of listeners over plain HTTP */
    _Atomic uint64_t http_skips;  /* times that one of them lagged and was moved forward */
};

/* Clears. */
void metrics_begin(struct metrics *m);

/* Numbers of the moment. */
struct gauges {
    double uptime_seconds;
    double buffer_depth_ms;                        /* mean over listeners; 0 without any */
    uint32_t active_connections;                   /* sockets that are open */
    uint32_t voices;                               /* sounding on all streams */
    uint32_t streams;                              /* being rendered */
    uint64_t restarted;                            /* begun again because their rendering failed, ever */
    uint64_t batches;                              /* calls in which streams were rendered together, ever */
    double memory_bytes;                           /* resident; 0: measured by metrics_text itself */
    double gpu_memory_bytes, gpu_seconds, gpu_use; /* reserved; that batches took; share of the last second */
    double phrase_rate_hz;
    double render_load, encoder_load; /* share of their threads' time, 0–1 */
    int opus_complexity;
    double latency_ms; /* of the last chunk's synthesis; status shows it */
    uint32_t sample_rate;
    uint64_t gpu_full;        /* streams that a GPU had no room for */
    uint64_t gpu_faults;      /* GPUs that failed, … */
    uint64_t rescued, shed;   /* … and what became of their streams */
    uint32_t waiting;         /* streams that wait for their rescue */
    uint32_t errands;         /* requests that wait for the disk, or for a change to be taken up */
    char device[LIVE_DEVICE]; /* "cpu (avx2)" */
};

/* The text of GET /metrics (application/openmetrics-text; version=1.0.0): malloc'ed, the caller frees; NULL
 * without memory. */
char *metrics_text(const struct metrics *m, const struct gauges *now, size_t *length);

#endif
