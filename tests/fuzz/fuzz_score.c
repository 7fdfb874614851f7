/* Any bytes as a phrase in JSON. What is accepted lies within the phrase. */
#include "fuzz.h"

#include "stream/score_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t rates[] = {44100, 48000, 96000};
    auralis_score *score = NULL;
    auralis_message why = {{0}, {0}};
    char *text = fuzz_text(data, size);
    if (score_json_read(text, size, rates[size % 3], &score, &why) < 0) {
        MUST(!score && *why.place && *why.text);
        for (const char *at = why.text; *at; at++) MUST((unsigned char)*at >= 32);
    } else {
        const auralis_note *note = auralis_score_notes(score);
        for (size_t i = 0; i < auralis_score_count(score); i++)
            MUST(note[i].duration >= 1 && note[i].onset + note[i].duration <= auralis_score_length(score));
        auralis_score_free(score);
    }
    free(text);
    return 0;
}
