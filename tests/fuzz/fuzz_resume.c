/* Any text as a resume word, which nobody signed; and any moment, whose word must come back whole with its
 * own key, and not at all with another key or a character changed. */
#include "fuzz.h"

#include "server/resume.h"

static const struct resume_key KEY = {{1, 2, 3, 4}}, OTHER = {{1, 2, 3, 5}};

static uint64_t number_at(const uint8_t *data, size_t size, size_t at) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8 && at + i < size; i++) value |= (uint64_t)data[at + i] << 8 * i;
    return value;
}

/* The moment that the bytes spell; a parameter out of its range keeps its default. */
static struct moment moment_of(const uint8_t *data, size_t size) {
    struct moment m = {.seed = number_at(data, size, 0),
                       .frame = number_at(data, size, 8),
                       .beat_frame = number_at(data, size, 16),
                       .beat = number_at(data, size, 24),
                       .rate = (uint32_t)number_at(data, size, 32),
                       .parameters = AURALIS_PARAMETERS_DEFAULT};
    for (int i = 0; i < auralis_parameter_count(); i++) {
        uint64_t bits = number_at(data, size, 40 + 8 * (size_t)i);
        double value;
        memcpy(&value, &bits, sizeof value);
        auralis_parameters_put(&m.parameters, i, value, NULL);
    }
    return m;
}

static void check_moment(const struct moment *m, size_t place) {
    struct moment back;
    char text[RESUME_TEXT];
    resume_write(&KEY, m, text);
    MUST(resume_read(&KEY, text, &back));
    MUST(back.seed == m->seed && back.frame == m->frame && back.beat_frame == m->beat_frame);
    MUST(back.beat == m->beat && back.rate == m->rate);
    for (int i = 0; i < auralis_parameter_count(); i++) {
        double a = auralis_parameters_get(&m->parameters, i), b = auralis_parameters_get(&back.parameters, i);
        MUST(a >= b && a <= b);
    }
    MUST(!resume_read(&OTHER, text, &back));
    char *changed = &text[place % strlen(text)];
    *changed = *changed == '0' ? '1' : '0';
    MUST(!resume_read(&KEY, text, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct moment m;
    char *text = fuzz_text(data, size);
    MUST(!resume_read(&KEY, text, &m));
    free(text);
    m = moment_of(data, size);
    check_moment(&m, size ? (size_t)data[size - 1] * 7 : 0);
    return 0;
}
