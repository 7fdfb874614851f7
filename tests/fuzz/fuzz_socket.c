/* Any bytes as the messages of a listener of auralis-v2, one a line, to the code that a socket has: it
 * listens to a station that it may not change. Every one is answered by JSON of a documented type, and
 * changes nothing but its own tier. */
#include "fuzz.h"

#include "server/sockets.h"

static struct server server;
static struct loop loop;

static void set_up(void) {
    static const auralis_parameters defaults = AURALIS_PARAMETERS_DEFAULT;
    if (server.store) return;
    MUST(store_open(&(struct store_config){.directory = ":memory:"}, &server.store) == 0);
    pthread_mutex_init(&server.station[0].lock, NULL);
    server.station[0].wanted = defaults;
    loop.server = &server;
}

static void check_answers(struct listener *l) {
    static const char *const types[] = {"error", "pong", "tier"};
    for (struct outgoing *o = l->outbox, *next; o; o = next) {
        next = o->next;
        json_t *json = json_loadb((char *)o->bytes + LWS_PRE, o->length, 0, NULL);
        const char *type = json_string_value(json_object_get(json, "type"));
        size_t i = 0;
        while (type && i < 3 && strcmp(type, types[i]) != 0) i++;
        MUST(type && i < 3);
        json_decref(json);
        free(o);
    }
    l->outbox = NULL;
    l->outbox_end = &l->outbox;
    l->outbox_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    set_up();
    static struct listener l; /* large */
    memset(&l, 0, sizeof l);
    l.loop = &loop;
    l.protocol = &socket_v2;
    l.outbox_end = &l.outbox;
    l.feed.rate = 48000;
    l.feed.chunk = 960;
    tier_begin(&l.tier, TIER_NORMAL);
    l.tier_floor = TIER_NORMAL;
    for (const char *at = (const char *)data, *end = at + size; at < end;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t length = line ? (size_t)(line - at) : (size_t)(end - at);
        socket_v2.receive(&l, at, length < LISTENER_INBOX ? length : LISTENER_INBOX);
        check_answers(&l);
        MUST(l.tier.tier >= 0 && l.tier.tier < TIERS);
        at += length + 1;
    }
    return 0;
}
