/* analyze_sound.c — `auralis analyze FILE…` and `auralis analyze A B`. */
#include "cli/analyze.h"
#include "cli/commands.h"
#include "measure/null_test.h"
#include "measure/plot.h"
#include "measure/report.h"
#include "stream/output_file.h"
#include "stream/sound_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4096 };
static const char NAME[] = "analyze";

static int open_sound(const char *path, struct sound_reader **reader, struct sound_info *info) {
    auralis_message why;
    int result = sound_reader_open(path, reader, info, &why);
    if (result == AURALIS_ENOENT || result == AURALIS_ENOMEM)
        return fail(NAME, "cannot read %s: %s", path, why.text);
    return result < 0 ? refuse(NAME, "%s: %s", path, why.text) : EXIT_DONE;
}

static int measure(const char *path, struct analysis **out) {
    struct sound_reader *reader;
    struct sound_info info;
    int status = open_sound(path, &reader, &info);
    if (status) return status;
    *out = analysis_new(info.rate, info.channels, info.frames);
    if (*out) {
        float audio[2 * BATCH];
        for (size_t n; (n = sound_reader_read(reader, audio, BATCH)) > 0;) analysis_add(*out, audio, n);
        analysis_finish(*out);
    }
    sound_reader_close(reader);
    return *out ? EXIT_DONE : fail(NAME, "%s: out of memory", path);
}

static int write_file(const char *path, const void *bytes, size_t size) {
    struct output_file file;
    int error = output_file_open(&file, path);
    if (!error && (error = output_file_write(&file, bytes, size)))
        output_file_discard(&file);
    else if (!error)
        error = output_file_commit(&file);
    return error ? fail(NAME, "cannot write %s: %s", path, strerror(error)) : EXIT_DONE;
}

static int write_page(const char *path, const char *name, const struct analysis *a, const void *png,
                      size_t size) {
    char *text = NULL;
    size_t length = 0;
    FILE *page = open_memstream(&text, &length);
    if (page) report_html(page, name, a, png, size);
    bool whole = page && !ferror(page) && !fclose(page);
    int status = whole ? write_file(path, text, length) : fail(NAME, "%s: out of memory", path);
    free(text);
    return status;
}

static int write_pictures(const struct analyze_request *r, const char *name, const struct analysis *a) {
    struct picture picture;
    void *png;
    size_t size;
    if (!r->png && !r->html) return EXIT_DONE;
    int result = plot_analysis(a, name, &picture);
    if (result == AURALIS_OK) {
        result = picture_png(&picture, &png, &size);
        picture_free(&picture);
    }
    if (result < 0) return fail(NAME, "%s: %s", name, auralis_strerror(result));
    int status = r->png ? write_file(r->png, png, size) : EXIT_DONE;
    if (!status && r->html) status = write_page(r->html, name, a, png, size);
    free(png);
    return status;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int analyze_sound(const struct analyze_request *r) {
    int status = EXIT_DONE;
    if (r->json) printf("[");
    for (int i = 0; i < r->count && !status; i++) {
        struct analysis *a = NULL;
        status = measure(r->file[i], &a);
        if (status) break;
        if (r->json) {
            printf("%s\n", i ? "," : "");
            report_json(stdout, r->file[i], a);
        } else {
            report_text(stdout, r->file[i], a);
        }
        status = write_pictures(r, base_name(r->file[i]), a);
        analysis_free(a);
    }
    if (r->json) printf("\n]\n");
    return fflush(stdout) && !status ? EXIT_FAILED : status;
}

/* Both files to their ends, the shorter followed by silence. */
static void run_null_test(struct null_test *n, struct sound_reader *const reader[2]) {
    float audio[2][2 * BATCH];
    for (;;) {
        size_t got[2], most = 0;
        for (int i = 0; i < 2; i++) {
            got[i] = sound_reader_read(reader[i], audio[i], BATCH);
            memset(audio[i] + 2 * got[i], 0, 2 * (BATCH - got[i]) * sizeof *audio[i]);
            most = got[i] > most ? got[i] : most;
        }
        if (!most) return;
        null_test_add(n, audio[0], audio[1], most);
    }
}

static void print_reading(const struct analyze_request *r, const struct null_reading *n, uint32_t rate) {
    if (r->json) {
        printf("{\"differing_samples\":%llu,\"first_frame\":", (unsigned long long)n->differing);
        report_json_number(stdout, n->differing ? (double)n->first : NAN, 0);
        printf(",\"peak\":"), report_json_number(stdout, n->peak, 3);
        printf(",\"rms\":"), report_json_number(stdout, n->rms, 3);
        printf(",\"relative\":"), report_json_number(stdout, n->relative, 3);
        printf(",\"spectral_distance\":"), report_json_number(stdout, n->spectral, 3);
        printf(",\"frames\":%llu}\n", (unsigned long long)n->frames);
        return;
    }
    if (!n->differing) {
        printf("%s and %s: not one of %llu frames differs\n", r->file[0], r->file[1],
               (unsigned long long)n->frames);
        return;
    }
    char time[32];
    report_time(time, n->first, rate);
    printf("%s and %s:\n  Differing samples      %llu of %llu\n  First of them          frame %llu, %s\n",
           r->file[0], r->file[1], (unsigned long long)n->differing, (unsigned long long)n->frames * 2,
           (unsigned long long)n->first, time);
    printf("  Difference, peak       %.2f dBFS\n  Difference, RMS        %.2f dBFS\n", n->peak, n->rms);
    printf("  RMS to that of A       %.2f dB\n  Spectral distance      %.2f dB\n", n->relative, n->spectral);
}

static int compare(const struct analyze_request *r, struct sound_reader *const reader[2], uint32_t rate) {
    struct null_test *n = null_test_new(rate);
    struct null_reading reading;
    if (!n) return fail(NAME, "out of memory");
    run_null_test(n, reader);
    null_test_finish(n, &reading);
    null_test_free(n);
    print_reading(r, &reading, rate);
    bool same = isinf(r->tolerance) ? !reading.differing : reading.peak <= r->tolerance;
    return fflush(stdout) || !same ? EXIT_FAILED : EXIT_DONE;
}

int analyze_compare(const struct analyze_request *r) {
    struct sound_reader *reader[2] = {NULL, NULL};
    struct sound_info info[2];
    int status = open_sound(r->file[0], &reader[0], &info[0]);
    if (!status) status = open_sound(r->file[1], &reader[1], &info[1]);
    if (!status && info[0].rate != info[1].rate)
        status = refuse(NAME, "%s has %u Hz and %s %u Hz; only recordings of one rate can be compared",
                        r->file[0], info[0].rate, r->file[1], info[1].rate);
    if (!status) status = compare(r, reader, info[0].rate);
    for (int i = 0; i < 2; i++) sound_reader_close(reader[i]);
    return status;
}
