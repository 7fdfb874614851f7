/* Memory is taken when a stream opens: playing touches no page for the first time, and streams that come and
 * go find the memory of those before them. */
#include "cmocka_c.h"

#include <auralis/auralis.h>

#include <link.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STREAMS = 20, CHUNK = 75, ROUNDS = 60 };

static long faults(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

/* Code and constants are the file's, not memory of a stream's: which of their pages the first blocks touch is
 * a matter of how the program was laid out. */
static int read_constants(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_R) || part->p_flags & PF_W) continue;
        const volatile char *begin = (const char *)(object->dlpi_addr + part->p_vaddr);
        for (size_t at = 0; at < part->p_memsz; at += 4096) (void)begin[at];
        (void)begin[part->p_memsz - 1];
    }
    return 0;
}

static long resident_pages(void) {
    long all = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &all, &pages), 2);
    fclose(f);
    return pages;
}

static auralis_stream *open_stream(auralis_engine *engine, int i) {
    auralis_stream *stream;
    auralis_stream_config config = {.seed = (uint64_t)i, .parameters = &auralis_preset_at(i % 4)->parameters};
    assert_int_equal(auralis_stream_open(engine, &config, &stream), 0);
    return stream;
}

static void playing_faults_in_no_page(void **state) {
    (void)state;
    static float audio[STREAMS][2 * CHUNK * AURALIS_BLOCK];
    auralis_stream *stream[STREAMS];
    float *out[STREAMS];
    auralis_engine *engine;
    assert_int_equal(auralis_engine_create(NULL, &engine), 0);
    for (int i = 0; i < STREAMS; i++) {
        stream[i] = open_stream(engine, i);
        out[i] = audio[i];
    }
    dl_iterate_phdr(read_constants, NULL);
    auralis_engine_render(engine, stream, STREAMS, CHUNK, out); /* warm: the stack and `audio` */
    long before = faults();
    for (int i = 0; i < ROUNDS; i++) auralis_engine_render(engine, stream, STREAMS, CHUNK, out);
    assert_int_equal(faults() - before, 0);
    auralis_engine_destroy(engine);
}

static void streams_that_come_and_go_leave_nothing(void **state) {
    (void)state;
    auralis_engine *engine;
    float block[2 * AURALIS_BLOCK];
    long before = 0;
    assert_int_equal(auralis_engine_create(NULL, &engine), 0);
    for (int i = 0; i < 400; i++) {
        if (i == 40) before = resident_pages();
        auralis_stream *stream = open_stream(engine, i);
        auralis_stream_read(stream, block, AURALIS_BLOCK);
        auralis_stream_close(stream);
    }
    assert_true((resident_pages() - before) * sysconf(_SC_PAGESIZE) < 256 * 1024);
    auralis_engine_destroy(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(playing_faults_in_no_page),
        cmocka_unit_test(streams_that_come_and_go_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
