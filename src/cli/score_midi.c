/* score_midi.c — `--midi FILE`: the score of what is rendered, beside the audio (see score_midi.h). */
#include "cli/score_midi.h"
#include "cli/commands.h"
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

enum { NOTE_SECONDS = 96 };

/* Copies what of the notes lies in the window, moved to its beginning. */
static int cut(auralis_score *from, uint64_t start, uint64_t frames, auralis_score *to) {
    const auralis_note *note = auralis_score_notes(from);
    int result = AURALIS_OK;
    for (size_t i = 0; i < auralis_score_count(from) && result == AURALIS_OK; i++) {
        auralis_note n = note[i];
        uint64_t end = n.onset + n.duration;
        if (end <= start || n.onset >= start + frames) continue;
        if (end > start + frames) end = start + frames;
        if (n.onset < start) n.onset = start;
        n.duration = end - n.onset;
        n.onset -= start;
        result = auralis_score_add(to, &n, NULL);
    }
    auralis_score_set_length(to, frames);
    return result;
}

int score_midi_compose(uint64_t seed, const auralis_parameters *parameters, uint32_t rate, uint64_t start,
                       uint64_t frames, auralis_score **out) {
    auralis_score *written, *window;
    uint64_t longest = (uint64_t)NOTE_SECONDS * rate, from = start > longest ? start - longest : 0;
    int result = auralis_score_compose(seed, parameters, rate, from, start + frames, &written);
    if (result < 0) return result;
    result = auralis_score_create(rate, &window);
    if (result == AURALIS_OK) {
        result = cut(written, start, frames, window);
        if (result < 0)
            auralis_score_free(window);
        else
            *out = window;
    }
    auralis_score_free(written);
    return result;
}

int score_midi_write(const char *command, const char *path, auralis_score *score, double bpm,
                     struct output_file *file) {
    void *bytes;
    size_t size;
    int result = auralis_score_write_midi(score, bpm, &bytes, &size);
    if (result < 0) return fail(command, "%s: cannot write the score: %s", path, auralis_strerror(result));
    int error = output_file_open(file, path);
    if (!error && (error = output_file_write(file, bytes, size))) output_file_discard(file);
    free(bytes);
    return error ? fail(command, "cannot write %s: %s", path, strerror(error)) : EXIT_DONE;
}
