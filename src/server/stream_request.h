/* stream_request.h — what a listener asks for in the address of a socket or a radio stream.
 *
 *     seed=42&preset=sleep&bpm=48&buffer_tier=stable
 *
 * Each key at most once; an unknown key, a value out of range or a broken %-escape is refused by name, so
 * that a mistyped address never quietly plays something else. Any thread; nothing allocates. */
#ifndef AURALIS_SERVER_STREAM_REQUEST_H
#define AURALIS_SERVER_STREAM_REQUEST_H

#include "server/error_json.h"
#include "server/resume.h"

#include <auralis/parameters.h>

#include <stdbool.h>

enum {
    QUERY_MAX = 2048,      /* bytes of a query */
    QUERY_VALUE = 1024,    /* of a value in it, and the 0 */
    STATION_NAME_MAX = 32, /* of [a-z0-9_-] */
    PRESET_NAME_CHARACTERS = 50,
    PRESET_NAME_SIZE = 4 * PRESET_NAME_CHARACTERS + 1,
    CLIENT_ID_MAX = 64,
    CHUNK_FRAMES_MIN = 480,
    CHUNK_FRAMES_MAX = 9600,
    CHUNK_FRAMES_STEP = 240,
    CHUNK_FRAMES_DEFAULT = 960,
    OPUS_PACKET_FRAMES = 960, /* of Opus, a message has 1 to 5 packets */
    OPUS_CHUNK_FRAMES_MAX = 5 * OPUS_PACKET_FRAMES,
};
#define STREAM_START_MAX (UINT64_C(1) << 48) /* 185 years at 48 kHz */

enum stream_format { STREAM_INT16, STREAM_FLOAT32, STREAM_OPUS }; /* as the format byte of v2 */

/* "int16", "float32", "opus"; and back, −1 for none. */
const char *stream_format_name(int format);
int stream_format_find(const char *name);

struct stream_request {
    bool personal;                      /* a seed was given */
    char station[STATION_NAME_MAX + 1]; /* to join; "main" unless given; "" when personal */
    uint64_t seed;
    char preset[PRESET_NAME_SIZE]; /* "" for none; the caller looks it up (404), then lays `values` over it */
    auralis_parameters values;     /* the fields of `set` count */
    auralis_parameter_set set;
    uint64_t start;            /* first frame to deliver, 0 … STREAM_START_MAX */
    bool started;              /* it was given */
    char resume[RESUME_TEXT];  /* "" for none; instead of seed, preset and parameters (own_stream_resume) */
    uint64_t beat_frame, beat; /* as in auralis_stream_config */
    int format;                /* enum stream_format; default float32 */
    uint32_t chunk;            /* frames a message; default 960, of Opus 4,800 */
    int tier;                  /* enum tier; default `tier` of the call */
};

/* Reads the query (without its '?'; NULL or "" for none) of a socket of protocol `version` 0, 1 or 2, or of a
 * stream over plain HTTP, which is always one's own and may leave the choice of a seed to the server. format
 * and chunk exist on 2 only; station and buffer_tier on sockets only. 0, or below with `why` filled and `out`
 * untouched. */
enum { STREAM_REQUEST_HTTP = -1 };
int stream_request_parse(const char *query, int version, int tier, struct stream_request *out,
                         struct refusal *why);

/* Walks a query: the next key and value, decoded. 1, 0 at the end, below when malformed. `*at` starts at the
 * query and is moved on. For other queries (?station= of the API). */
int query_next(const char **at, char key[64], char value[QUERY_VALUE], struct refusal *why);

/* Decodes a %-escaped segment of a path into out[size]; refuses NUL, broken escapes and what is not UTF-8. */
int path_decode(const char *text, size_t length, char *out, size_t size, const char *field,
                struct refusal *why);

/* 1–64 of [a-zA-Z0-9_-], and none of the reserved admin, system, test. */
int client_id_check(const char *id, struct refusal *why);

/* 1–32 of [a-z0-9_-]. */
bool station_name_valid(const char *name);

#endif
