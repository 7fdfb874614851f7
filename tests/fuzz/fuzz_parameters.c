/* NAME=VALUE as a parameter's text. What is accepted passes the check and survives being written and read
 * again. */
#include "fuzz.h"

#include <auralis/parameters.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT, before = p;
    auralis_message why = {{0}, {0}};
    char *text = fuzz_text(data, size), *equals = strchr(text, '='), written[64];
    const char *value = equals ? equals + 1 : "";
    if (equals) *equals = 0;
    int index = auralis_parameters_set(&p, text, value, &why);
    if (index < 0) {
        MUST(*why.text && memcmp(&p, &before, sizeof p) == 0);
    } else {
        MUST(auralis_parameters_check(&p, &why) == 0);
        int length = auralis_parameters_text(&p, index, written, sizeof written);
        MUST(length > 0 && (size_t)length < sizeof written);
        double number = auralis_parameters_get(&p, index);
        MUST(auralis_parameters_set(&p, text, written, &why) == index);
        double change = auralis_parameters_get(&p, index) - number;
        MUST(change > -0.00051 && change < 0.00051); /* a text has three decimals */
    }
    free(text);
    return 0;
}
