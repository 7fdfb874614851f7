/* own_stream.c — opens a stream of one listener's own (see own_stream.h). */
#include "server/own_stream.h"

int own_stream_open(struct server *server, const struct stream_request *r, struct live_spec *spec,
                    struct live_stream **out, struct refusal *why) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    if (*r->preset && preset_store_load(server->store, r->preset, &p, why) < 0) return -why->code;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (r->set >> i & 1) auralis_parameters_put(&p, i, auralis_parameters_get(&r->values, i), NULL);
    spec->stream.seed = r->seed;
    spec->stream.start = r->start;
    spec->stream.parameters = &p;
    int result = live_open(server->live, spec, out);
    spec->stream.parameters = NULL;
    if (result == AURALIS_ELIMIT)
        return refuse_with(why, REFUSAL_OVERLOADED, NULL,
                           "the server renders as many streams as it can; try again later");
    return result < 0 ? refuse_with(why, REFUSAL_INTERNAL, NULL, "%s", auralis_strerror(result)) : 0;
}
