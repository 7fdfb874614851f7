/* Any bytes as a configuration file. What is refused names a place and leaves the configuration alone. */
#include "fuzz.h"

#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct server_config initial = SERVER_CONFIG_DEFAULT;
    static struct server_config config;
    struct config_message why = {{0}, {0}};
    auralis_message detail;
    config = initial;
    char *text = fuzz_text(data, size);
    if (config_read(text, size, "fuzz.conf", &config, &why) < 0) {
        MUST(*why.place && *why.text);
        MUST(memcmp(&config, &initial, sizeof config) == 0);
    } else {
        MUST(config.station_count >= 1 && config.station_count <= CONFIG_STATIONS_MAX);
        for (uint32_t i = 0; i < config.station_count; i++)
            MUST(auralis_parameters_check(&config.station[i].parameters, &detail) == 0);
    }
    free(text);
    return 0;
}
