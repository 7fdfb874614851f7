/* socket_v2.c — auralis-v2: binary messages with a 24-byte header carry the samples, JSON texts the rest. */
#include "server/parameters_json.h"
#include "server/sockets.h"

#include "base/monotonic.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER = 24,
    CHANNELS = AURALIS_CHANNELS,
    RATE = 48000,
    VERSION = 2,
    FLAG_DISCONTINUITY = 1,
    FLAG_ANEW = 2,
    FLAG_FADED = 4,
    FADE = RATE / 50,  /* frames */
    UNDERRUN_MS = 1000 /* by how much a player that reports one ran short: it does not say */
};

/* Sends `message` and lets go of it; NULL: there was no memory for it, and the listener misses it. */
static void say(struct listener *l, json_t *message) {
    char *text = message ? json_dumps(message, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    if (text) listener_say(l, text, strlen(text));
    free(text);
    json_decref(message);
}

/* What may exceed 2^53 travels as a decimal string. */
static json_t *big(uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return json_string(text);
}

static double unix_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The word to come back with; null for a station. While a change still waits for its beat there is one only
 * for who must go now: with it the change is there at once. */
static json_t *resume_word(const struct listener *l, bool goes) {
    char text[RESUME_TEXT];
    struct live_state state;
    auralis_stream_status s;
    if (!l->feed.own) return json_null();
    live_read_state(l->feed.stream, &state);
    live_read_status(l->feed.stream, &s);
    if (state.applies_at > s.frame && !goes) return json_null();
    struct moment m = {.seed = l->request.seed,
                       .frame = l->feed.frame,
                       .beat_frame = s.beat_frame,
                       .beat = s.beat,
                       .rate = l->feed.rate,
                       .parameters = state.parameters};
    resume_write(&l->loop->server->resume, &m, text);
    return json_string(text);
}

static void greet(struct listener *l) {
    auralis_parameters p;
    listener_parameters(l, &p);
    int pre_skip = l->feed.encoding ? (int)encoding_delay(l->feed.encoding) : 0;
    say(l,
        json_pack(
            "{s:s, s:s, s:s, s:f, s:o, s:o, s:i, s:i, s:s, s:i, s:{s:s, s:i}, s:o, s:o, s:o, s:o, s:o}",
            "type", "hello", "client_id", l->client_id, "server_version", auralis_version(), "server_time",
            unix_time(), "station", l->station < 0 ? json_null() : json_string(l->request.station), "seed",
            big(listener_seed(l)), "sample_rate", RATE, "chunk_frames", (int)l->feed.chunk, "format",
            stream_format_name(l->request.format), "pre_skip", pre_skip, "buffer", "tier",
            tier_name(l->tier.tier), "target_ms", (int)tier_depth_ms(&l->tier), "frame", big(l->feed.frame),
            "parameters", parameters_to_json(&p), "presets", preset_store_names(l->loop->server->store),
            "warnings", parameters_warnings_json(&p), "resume", resume_word(l, false)));
}

static unsigned char *put_little(unsigned char *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static void put_header(const struct listener *l, unsigned char *at) {
    *at++ = VERSION;
    *at++ = (unsigned char)l->request.format;
    *at++ = CHANNELS;
    *at++ = (unsigned char)((l->discontinuity ? FLAG_DISCONTINUITY : 0) | (l->anew.first ? FLAG_ANEW : 0) |
                            (l->bridge ? FLAG_FADED : 0));
    at = put_little(at, RATE, 4);
    at = put_little(at, l->feed.chunk, 4);
    at = put_little(at, l->sequence, 4);
    put_little(at, l->feed.frame, 8);
}

/* Samples as they lie in memory; the protocol is little-endian. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static void put_samples(unsigned char *out, const void *samples, size_t count, size_t size) {
    memcpy(out, samples, count * size);
}
#else
static void put_samples(unsigned char *out, const void *samples, size_t count, size_t size) {
    for (size_t i = 0; i < count * size; i++)
        out[i] = ((const unsigned char *)samples)[i / size * size + size - 1 - i % size];
}
#endif

static bool is_wide(const struct listener *l) {
    return l->request.format == STREAM_FLOAT32;
}

static size_t sample_size(const struct listener *l) {
    return is_wide(l) ? sizeof(float) : sizeof(int16_t);
}

/* The next chunk's samples, in `audio` or in `pcm`; NULL: they are not there. */
static void *next_samples(struct listener *l, float *audio, int16_t *pcm) {
    if (is_wide(l)) return feed_copy(&l->feed, audio) ? audio : NULL;
    return feed_copy16(&l->feed, pcm) ? pcm : NULL;
}

static size_t fade_samples(const struct listener *l) {
    return (size_t)(l->feed.chunk < FADE ? l->feed.chunk : FADE) * CHANNELS;
}

/* Before the next chunk is passed over: its beginning is kept, for the one that comes instead. Decoders of
 * Opus go over by themselves. */
static void passing(struct listener *l) {
    int16_t pcm[2 * CHUNK_FRAMES_MAX];
    if (l->discontinuity || l->feed.encoding) return;
    const void *next = next_samples(l, l->loop->audio, pcm);
    size_t bytes = fade_samples(l) * sample_size(l);
    l->bridge = next ? malloc(bytes) : NULL;
    if (l->bridge) memcpy(l->bridge, next, bytes);
}

/* Goes over from what is kept to what has come. */
static void cross(struct listener *l, void *samples) {
    size_t count = fade_samples(l);
    for (size_t i = 0; i < count; i++) {
        float t = ((float)(i / CHANNELS) + 0.5f) * CHANNELS / (float)count, weight = t * t * (3 - 2 * t);
        if (is_wide(l)) {
            float *to = (float *)samples + i, from;
            memcpy(&from, l->bridge + i * sizeof from, sizeof from);
            *to = from + (*to - from) * weight;
        } else {
            int16_t *to = (int16_t *)samples + i, from;
            memcpy(&from, l->bridge + i * sizeof from, sizeof from);
            *to = (int16_t)((float)from + (float)(*to - from) * weight);
        }
    }
    free(l->bridge);
    l->bridge = NULL;
}

static size_t chunk(struct listener *l, unsigned char *out) {
    if (l->feed.encoding) {
        put_header(l, out);
        size_t bytes = feed_packets(&l->feed, out + HEADER, LOOP_MESSAGE - HEADER);
        return bytes ? HEADER + bytes : 0;
    }
    int16_t pcm[2 * CHUNK_FRAMES_MAX];
    size_t count = (size_t)l->feed.chunk * CHANNELS, size = sample_size(l);
    void *samples = next_samples(l, l->loop->audio, pcm);
    if (!samples) return 0;
    put_header(l, out);
    if (l->bridge) cross(l, samples);
    put_samples(out + HEADER, samples, count, size);
    return HEADER + count * size;
}

static void status(struct listener *l) {
    auralis_stream_status s;
    live_read_status(l->feed.stream, &s);
    int listeners = l->station < 0 ? 1 : (int)atomic_load(&l->loop->server->station[l->station].listeners);
    say(l, json_pack("{s:s, s:o, s:I, s:i, s:s, s:i, s:I, s:f, s:f, s:i, s:o}", "type", "status", "frame",
                     big(s.frame), "section", (json_int_t)s.section, "bar", (int)s.bar, "chord", s.chord,
                     "voices", (int)s.voices, "underruns", (json_int_t)l->underruns, "jitter_ms",
                     l->tier.jitter_ms, "sent_ms_ahead", listener_ahead_ms(l, monotonic_now()), "listeners",
                     listeners, "resume", resume_word(l, false)));
}

static void changed(struct listener *l, const struct live_state *state, bool own) {
    say(l, json_pack("{s:s, s:o, s:o, s:o, s:s}", "type", "parameters", "parameters",
                     parameters_to_json(&state->parameters), "applies_at", big(state->applies_at), "warnings",
                     parameters_warnings_json(&state->parameters), "by", own ? "you" : "another"));
}

static void retiered(struct listener *l) {
    say(l, json_pack("{s:s, s:s, s:i}", "type", "tier", "tier", tier_name(l->tier.tier), "target_ms",
                     (int)tier_depth_ms(&l->tier)));
}

static void complain(struct listener *l, const struct refusal *why) {
    json_t *body = refusal_json(why), *error = json_incref(json_object_get(body, "error"));
    json_t *message = json_pack("{s:s}", "type", "error");
    json_object_update(message, error);
    if (why->code == REFUSAL_OVERLOADED) json_object_set_new(message, "resume", resume_word(l, true));
    json_decref(error);
    json_decref(body);
    say(l, message);
}

static void part(struct listener *l, const char *reason) {
    say(l, json_pack("{s:s, s:s, s:i}", "type", "shutdown", "reason", reason, "drain_seconds",
                     SERVER_DRAIN_SECONDS));
}

/* What clients say
 * ------------------------------------------------------------------------------------------- */

/* The frame that the player plays by now, as a decimal string: 1, 0 when it is not told. */
static int read_heard(const json_t *message, uint64_t *out, struct refusal *why) {
    const json_t *value = json_object_get(message, "heard");
    const char *text = json_string_value(value);
    if (!value) return 0;
    if (text && parse_whole(text, 0, STREAM_START_MAX, out)) return 1;
    return refuse_with(why, REFUSAL_INVALID_VALUE, "heard", "heard must be a frame, as a decimal string");
}

static int control(struct listener *l, const json_t *message, struct refusal *why) {
    auralis_parameters values;
    auralis_parameter_set set = 0;
    json_t *parameters = json_object_get(message, "parameters");
    listener_parameters(l, &values);
    if (!json_is_object(parameters))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "parameters",
                           "parameters must be an object of values by name");
    int result = parameters_from_json(parameters, &values, &set, why);
    uint64_t heard;
    if (result >= 0) result = read_heard(message, &heard, why);
    if (result < 0) return result;
    return result ? listener_change_at(l, heard, &values, set, why) : listener_change(l, &values, set, why);
}

static int preset(struct listener *l, const json_t *message, struct refusal *why) {
    auralis_parameters values;
    const char *name = json_string_value(json_object_get(message, "name"));
    if (!name) return refuse_with(why, REFUSAL_INVALID_VALUE, "name", "name must be the name of a preset");
    int result = preset_store_load(l->loop->server->store, name, &values, why);
    auralis_parameter_set all = (auralis_parameter_set)((UINT64_C(1) << auralis_parameter_count()) - 1);
    return result < 0 ? result : listener_change(l, &values, all, why);
}

/* A field of a report: a number from 0 to `most`; absent is 0. */
static int report_field(const json_t *message, const char *name, double most, double *out,
                        struct refusal *why) {
    json_t *value = json_object_get(message, name);
    double number = json_number_value(value);
    if (value && (!json_is_number(value) || !(number >= 0 && number <= most)))
        return refuse_with(why, REFUSAL_INVALID_VALUE, name, "%s must be a number from 0 to %.0f", name,
                           most);
    *out = number;
    return 0;
}

static int report(struct listener *l, const json_t *message, struct refusal *why) {
    double depth = 0, underruns = 0, jitter = 0;
    int result = report_field(message, "depth_ms", 1e6, &depth, why);
    if (result >= 0) result = report_field(message, "underruns", 1e9, &underruns, why);
    if (result >= 0) result = report_field(message, "jitter_ms", 1e6, &jitter, why);
    uint64_t heard;
    if (result >= 0) result = read_heard(message, &heard, why);
    if (result < 0) return result;
    if (result) listener_played(l, heard);
    uint32_t total = (uint32_t)underruns,
             new = total > l->reported_underruns ? total - l->reported_underruns : 0;
    l->reported_underruns = total;
    uint32_t before = tier_depth_ms(&l->tier);
    bool changed = tier_report(&l->tier, jitter, new);
    if (!changed && new) changed = tier_deepen(&l->tier, UNDERRUN_MS);
    if (changed && listener_retier(l, before)) retiered(l);
    return 0;
}

static int buffer(struct listener *l, const json_t *message, struct refusal *why) {
    const char *name = json_string_value(json_object_get(message, "tier"));
    int tier = name ? tier_find(name) : -1;
    if (tier < 0)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "tier",
                           "tier must be minimal, normal, stable or defensive");
    if (!listener_request_tier(l, tier))
        return refuse_with(why, REFUSAL_RATE_LIMITED, "tier", "the tier may be changed once a second");
    retiered(l);
    return 0;
}

static int ping(struct listener *l, const json_t *message, struct refusal *why) {
    json_t *time = json_object_get(message, "time");
    if (time && !json_is_number(time))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "time", "time must be a number");
    say(l, json_pack("{s:s, s:O}", "type", "pong", "time", time ? time : json_null()));
    return 0;
}

static const struct message {
    const char *type;
    int (*take)(struct listener *, const json_t *, struct refusal *);
} MESSAGES[] = {
    {"control", control}, {"preset", preset}, {"report", report}, {"buffer", buffer}, {"ping", ping}};

static int dispatch(struct listener *l, const json_t *message, struct refusal *why) {
    const char *type = json_string_value(json_object_get(message, "type"));
    for (size_t i = 0; type && i < sizeof MESSAGES / sizeof *MESSAGES; i++)
        if (!strcmp(type, MESSAGES[i].type)) return MESSAGES[i].take(l, message, why);
    return refuse_with(why, REFUSAL_INVALID_MESSAGE, "type",
                       "type must be control, preset, report, buffer or ping");
}

static void receive(struct listener *l, const char *text, size_t length) {
    struct refusal why;
    json_error_t error;
    json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    int result;
    if (json_is_object(message))
        result = dispatch(l, message, &why);
    else
        result = refuse_with(&why, REFUSAL_INVALID_JSON, NULL, "a message is a JSON object: %s",
                             message ? "this is another value" : error.text);
    if (result < 0) complain(l, &why);
    json_decref(message);
}

const struct protocol socket_v2 = {.version = 2,
                                   .write = LWS_WRITE_BINARY,
                                   .rate = RATE,
                                   .patience = 5,
                                   .greet = greet,
                                   .chunk = chunk,
                                   .receive = receive,
                                   .status = status,
                                   .changed = changed,
                                   .retiered = retiered,
                                   .complain = complain,
                                   .part = part,
                                   .passing = passing};
