/* Any bytes as a MIDI file. What is accepted is in order, within the limits, and can be written and read
 * again. */
#include "fuzz.h"

#include <auralis/score.h>

enum { RATE = 48000 };

static void write_and_read(auralis_score *score) {
    void *bytes = NULL;
    size_t size = 0;
    auralis_message why;
    auralis_score *again = NULL;
    MUST(auralis_score_write_midi(score, 70, &bytes, &size) == 0);
    if (auralis_score_read_midi(bytes, size, RATE, &again, &why) == 0) {
        MUST(auralis_score_count(again) <= auralis_score_count(score));
        auralis_score_free(again);
    } else {
        /* a written file rounds to ticks, which may carry the last note over the limit of a day */
        MUST(strstr(why.text, "24 hours"));
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    auralis_score *score = NULL;
    auralis_message why = {{0}, {0}};
    if (auralis_score_read_midi(data, size, RATE, &score, &why) < 0) {
        MUST(!score && *why.place && *why.text);
        return 0;
    }
    const auralis_note *note = auralis_score_notes(score);
    for (size_t i = 0; i < auralis_score_count(score); i++) {
        MUST(i == 0 || note[i - 1].onset <= note[i].onset);
        MUST(note[i].duration >= 1 && note[i].duration <= 96 * RATE);
        MUST(note[i].velocity > 0 && note[i].velocity <= 1);
        MUST(note[i].onset + note[i].duration <= auralis_score_length(score));
    }
    write_and_read(score);
    auralis_score_free(score);
    return 0;
}
