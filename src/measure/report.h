/* report.h — an analysis in words: for people, for programs, and as a page. Nothing is flushed or closed;
 * errors are the stream's. */
#ifndef AURALIS_MEASURE_REPORT_H
#define AURALIS_MEASURE_REPORT_H

#include "measure/analysis.h"

#include <stdio.h>

/* `name` is what the recording is called. The page stands for itself: the picture (PNG) is part of it. */
void report_text(FILE *to, const char *name, const struct analysis *a);
void report_json(FILE *to, const char *name, const struct analysis *a);
void report_html(FILE *to, const char *name, const struct analysis *a, const void *png, size_t png_size);

/* `text` as a JSON string, with its quotes; bytes that are no UTF-8 as U+FFFD. */
void report_json_text(FILE *to, const char *text);

/* A number, or null where it is not finite. */
void report_json_number(FILE *to, double value, int decimals);

/* "0:01:02.345" of a frame. */
void report_time(char out[32], uint64_t frame, uint32_t rate);

#endif
