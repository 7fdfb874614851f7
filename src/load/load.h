/* load.h — many simulated listeners of one server, and what they found.
 *
 * One thread, one epoll: a listener costs a socket and a few hundred bytes, so that a few per cent of a core
 * hold a thousand and the server is what is measured. Every listener checks the order of what it gets; the
 * first `verify` of them also render the same piece here and compare every sample (reference.h).
 *
 * Which listener does what follows from its number alone: the shared ones are spread evenly among all, each
 * of the two groups takes the protocols in turn, personal ones the built-in presets in turn and the seeds one
 * by one, and the last `slow` are slow readers. */
#ifndef AURALIS_LOAD_LOAD_H
#define AURALIS_LOAD_LOAD_H

#include "load/target.h"
#include "measure/histogram.h"
#include "server/stream_request.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LOAD_LISTENERS_MAX = 20000,
    LOAD_VERIFY_MAX = 1000,
    LOAD_CHURN_MAX = 5000, /* a second */
    LOAD_KINDS_MAX = 8,
    LOAD_SECONDS_MAX = 7 * 24 * 3600,
    LOAD_SILENCES = 64,
    LOAD_NOTES = 5
};

/* A fault put in here on purpose, to see that it is found. */
enum load_plant { PLANT_NONE, PLANT_DROP, PLANT_REPEAT, PLANT_BIT, PLANT_SEED, PLANTS };
const char *load_plant_name(int plant);

enum { LOAD_HTTP = 3 };
enum load_radio { RADIO_OPUS, RADIO_MP3 };

/* What a listener speaks. */
struct load_kind {
    int version; /* 0, 1, 2; LOAD_HTTP */
    int format;  /* v2: enum stream_format; HTTP: enum load_radio */
};

struct load_config {
    struct target target;
    uint32_t listeners, verify, slow;
    struct load_kind kind[LOAD_KINDS_MAX]; /* taken in turn */
    uint32_t kinds;
    uint32_t shared_percent;
    const char *station;
    uint32_t chunk; /* v2: frames a message; of Opus at most 4,800 */
    int tier;
    uint64_t seed;
    bool alike;             /* all pieces are the first one */
    int64_t ramp, duration; /* ns; the duration begins when all have connected */
    double ppm;             /* clocks lie evenly from −ppm to ppm */
    double churn;           /* listeners replaced a second */
    int plant;
    int pid;            /* the server's; 0: unknown */
    bool talkative;     /* a line a minute on stderr */
    bool (*stop)(void); /* may be NULL */
};

/* What was found. Counts of all listeners together. */
struct load_results {
    uint64_t opened, failed; /* connections: became sockets; did not */
    uint64_t refused_status; /* HTTP status of the last that did not; 0: none answered */
    uint64_t lost;           /* ended by the server */
    uint64_t left;           /* replaced by churn */
    uint64_t playing;        /* still there at the end */
    uint64_t messages, bytes;

    uint64_t steady, on_time; /* messages whose time could be judged; of these, within 50 ms */
    struct histogram jitter, first_sound;
    int64_t worst; /* ns, the latest */

    /* Each is a failure. */
    uint64_t gaps, missing_frames; /* frames left out; in a slow reader only if it was not told */
    uint64_t repeats;              /* messages whose audio had been there already */
    uint64_t wrong;                /* messages whose samples differ from the piece */
    uint64_t malformed;            /* messages that break the protocol */

    uint64_t starved;                /* times a player fell silent because audio came too late, … */
    double silent_at[LOAD_SILENCES]; /* … the first of them, seconds after the first listener came */
    uint64_t told_skips;             /* of slow readers */
    uint64_t errors;                 /* `error` messages of the server */
    uint64_t verified_messages, verified_frames, verified_listeners, unverified_messages;

    double seconds; /* of the measurement: after the ramp */
    double own_cpu; /* cores, over that time */
    bool server_seen, server_gone;
    int server_threads;
    double server_cpu; /* cores, over that time */
    double rss_before, rss_playing, rss_peak,
        rss_after;    /* MB: before the first, at the end, most, all gone */
    double rss_slope; /* MB an hour, over the last four fifths of that time; 0 when that is short */
    bool interrupted;
    char note[LOAD_NOTES][200]; /* the first things that went wrong, in words */
    uint32_t notes;
};

/* "v2 opus", "http mp3". */
void load_kind_name(const struct load_kind *kind, char out[32]);

/* Runs. False: it could not begin, `why` says why. */
bool load_run(const struct load_config *config, struct load_results *results, char why[200]);

/* Whether the audio was right and everybody was served. */
bool load_passed(const struct load_results *results);

#endif
