/* own_stream.c — opens a stream of one listener's own (see own_stream.h). */
#include "server/own_stream.h"

#include "server/encoder_pool.h"

/* Nobody who plays is to pay for who comes. Encoding first tries less hard (encoder_pool.h). */
static int find_room(struct server *server, struct refusal *why) {
    if (live_load(server->live) <= LIVE_FULL && !encoder_pool_full(server->encoders)) return 0;
    return refuse_with(why, REFUSAL_OVERLOADED, NULL,
                       "the server has no time left for another stream of one's own; try again later, or "
                       "listen to a station");
}

int own_stream_resume(const struct server *server, uint32_t rate, struct stream_request *r,
                      struct refusal *why) {
    struct moment m;
    if (!*r->resume) return 0;
    if (!resume_read(&server->resume, r->resume, &m) || m.rate != rate)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "resume",
                           "resume is not what this server told for this protocol");
    if (!r->started) r->start = m.frame;
    if (r->start < m.beat_frame)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "start",
                           "start must be %llu at least, where the tempo changed",
                           (unsigned long long)m.beat_frame);
    r->seed = m.seed;
    r->values = m.parameters;
    r->set = (auralis_parameter_set)((UINT64_C(1) << auralis_parameter_count()) - 1);
    r->beat_frame = m.beat_frame;
    r->beat = m.beat;
    return 0;
}

int own_stream_open(struct server *server, const struct stream_request *r, struct live_spec *spec,
                    struct live_stream **out, struct refusal *why) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    if (find_room(server, why) < 0) return -why->code;
    if (*r->preset && preset_store_load(server->store, r->preset, &p, why) < 0) return -why->code;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (r->set >> i & 1) auralis_parameters_put(&p, i, auralis_parameters_get(&r->values, i), NULL);
    spec->stream.seed = r->seed;
    spec->stream.start = r->start;
    spec->stream.beat_frame = r->beat_frame;
    spec->stream.beat = r->beat;
    spec->stream.parameters = &p;
    int result = live_open(server->live, spec, out);
    spec->stream.parameters = NULL;
    if (result == AURALIS_ELIMIT)
        return refuse_with(why, REFUSAL_OVERLOADED, NULL,
                           "the server renders as many streams as it can; try again later");
    return result < 0 ? refuse_with(why, REFUSAL_INTERNAL, NULL, "%s", auralis_strerror(result)) : 0;
}
