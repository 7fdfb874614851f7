/* report.h — what a run of listeners found, for people and for programs. */
#ifndef AURALIS_LOAD_REPORT_H
#define AURALIS_LOAD_REPORT_H

#include "load/load.h"

#include <stdio.h>

void load_table(const struct load_config *config, const struct load_results *results, FILE *to);

/* One JSON object. False: it could not be written. */
bool load_json(const struct load_config *config, const struct load_results *results, FILE *to);

#endif
