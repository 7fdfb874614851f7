/* Any bytes as what stands in the server's file: a preset's row, and a station's. What is read is in range;
 * what cannot be read is left out and harms no other row. */
#include "fuzz.h"

#include "server/preset_store.h"
#include "server/station_store.h"

static void hush(void *self, const char *text) {
    (void)self;
    MUST(*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct store *store;
    static struct station_config stations[CONFIG_STATIONS_MAX];
    auralis_parameters p;
    auralis_message reason;
    struct refusal why;
    if (!store) MUST(store_open(&(struct store_config){.directory = ":memory:", .log = hush}, &store) == 0);
    char *text = fuzz_text(data, size);
    MUST(store_put(store, STORE_PRESETS, "any", text, 10, &why) >= 0);
    MUST(store_put(store, STORE_STATIONS, "any", text, 10, &why) >= 0);
    MUST(store_put(store, STORE_STATIONS, "good", "{\"seed\": \"7\"}", 10, &why) >= 0);
    if (preset_store_load(store, "any", &p, &why) == 0)
        MUST(auralis_parameters_check(&p, &reason) == 0);
    else
        MUST(*why.message);
    json_t *list = preset_store_list(store);
    MUST(json_is_array(list));
    json_decref(list);
    int count = station_store_load(store, stations);
    MUST(count >= 1 && !strcmp(stations[count - 1].name, "good") && stations[count - 1].seed == 7);
    for (int i = 0; i < count; i++) MUST(auralis_parameters_check(&stations[i].parameters, &reason) == 0);
    free(text);
    return 0;
}
