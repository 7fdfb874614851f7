/* Any bytes as what a listener may send: a control message of each socket protocol, and the query of an
 * address. */
#include "fuzz.h"

#include "server/stream_request.h"
#include "server/tier.h"
#include "server/v0.h"
#include "server/v1.h"

static void check_fields(const auralis_parameters *values, auralis_parameter_set set) {
    for (int i = 0; i < auralis_parameter_count(); i++) {
        auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
        if (set >> i & 1) MUST(auralis_parameters_put(&p, i, auralis_parameters_get(values, i), NULL) >= 0);
    }
    MUST(set >> auralis_parameter_count() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct v0_message v0 = {.values = AURALIS_PARAMETERS_DEFAULT};
    struct v1_message v1;
    struct stream_request request;
    struct refusal why;
    char *text = fuzz_text(data, size);
    if (v0_parse(text, size, &v0, &why) >= 0 && v0.type == V0_CONTROL) check_fields(&v0.values, v0.set);
    v1_parse(text, size, &v1, &why);
    for (int version = 0; version <= 2; version++)
        if (stream_request_parse(text, version, TIER_NORMAL, &request, &why) >= 0) {
            check_fields(&request.values, request.set);
            MUST(request.personal || station_name_valid(request.station));
        }
    free(text);
    return 0;
}
