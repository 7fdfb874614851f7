/* socket_v0.c — /ws/stream, the oldest protocol: as v1, with fewer words, and with controls. */
#include "server/encode44.h"
#include "server/sockets.h"
#include "server/v0.h"

#include "base/monotonic.h"

static void greet(struct listener *l) {
    char text[V0_MESSAGE_MAX];
    listener_say(l, text, v0_connected(text, sizeof text));
}

static size_t chunk(struct listener *l, unsigned char *out) {
    const char *data = encode44(l);
    if (!data) return 0;
    char text[V0_MESSAGE_MAX];
    if (l->discontinuity) listener_say(l, text, v0_overrun(text, sizeof text));
    return v0_audio((char *)out, LOOP_MESSAGE, data, V1_AUDIO_BASE64, (uint64_t)(encode44_time() * 1e3),
                    l->sequence);
}

static void quiet(struct listener *l) {
    (void)l; /* v0 asks when it wants to know */
}

static void changed(struct listener *l, const struct live_state *state, bool own) {
    char text[V0_MESSAGE_MAX];
    if (own) listener_say(l, text, v0_control(text, sizeof text, &state->parameters, state->applies_at));
}

static void complain(struct listener *l, const struct refusal *why) {
    char text[V0_MESSAGE_MAX];
    listener_say(l, text, v0_error(text, sizeof text, why));
}

static void receive(struct listener *l, const char *text, size_t length) {
    struct v0_message message;
    struct refusal why;
    char answer[V0_MESSAGE_MAX];
    int result = v0_parse(text, length, &message, &why);
    if (result >= 0 && message.type == V0_CONTROL)
        result = listener_change(l, &message.values, message.set, &why);
    if (result < 0)
        complain(l, &why);
    else if (message.type == V0_PING)
        listener_say(l, answer, v0_pong(answer, sizeof answer));
    else if (message.type == V0_BUFFER_STATUS)
        listener_say(l, answer,
                     v0_buffer_status(answer, sizeof answer, listener_ahead_ms(l, monotonic_now())));
}

const struct protocol socket_v0 = {.version = 0,
                                   .write = LWS_WRITE_TEXT,
                                   .rate = V1_RATE,
                                   .patience = 1,
                                   .greet = greet,
                                   .chunk = chunk,
                                   .receive = receive,
                                   .status = quiet,
                                   .changed = changed,
                                   .retiered = quiet,
                                   .complain = complain,
                                   .part = encode44_part,
                                   .passing = encode44_passing};
