/* plan.c — see plan.h. A file holds numbers of plans; its name says of which plans. */
#include "device/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALL_BLOCKS = 75, FEW_BLOCKS = 8, PARTS_MOST = 4, MARK = 2 };

static void add(struct plans *plans, const struct plan_wish *wish, struct plan plan) {
    if (wish->parts) plan.parts = wish->parts;
    if (wish->blocks) plan.blocks = wish->blocks;
    if (wish->graphs) plan.graphs = wish->graphs == GRAPHS_ON;
    for (int i = 0; i < plans->count; i++)
        if (plans->plan[i].parts == plan.parts && plans->plan[i].graphs == plan.graphs &&
            plans->plan[i].blocks == plan.blocks)
            return;
    plans->mark = plans->mark * 1000003 + plan.parts * 1024 + plan.blocks * 2 + plan.graphs;
    plans->plan[plans->count++] = plan;
}

static FILE *open_file(const struct plans *plans, const char *path, const char *mode) {
    char name[640];
    snprintf(name, sizeof name, "%s-%08x", path, (unsigned)plans->mark);
    return *path ? fopen(name, mode) : NULL;
}

/* All of a file or nothing. */
static void load(struct plans *plans, const char *path) {
    FILE *f = open_file(plans, path, "r");
    int best[PLAN_SIZES], read = 0;
    if (!f) return;
    while (read < PLAN_SIZES && fscanf(f, "%d", &best[read]) == 1 && best[read] < plans->count) read++;
    fclose(f);
    if (read == PLAN_SIZES) memcpy(plans->best, best, sizeof best);
}

void plans_begin(struct plans *plans, const struct plan_wish *wish, uint32_t parts, const char *path) {
    *plans = (struct plans){.mark = MARK, .no_trials = wish->no_trials};
    for (int i = 0; i < PLAN_SIZES; i++) plans->best[i] = -1;
    struct plan_wish w = *wish;
    if (w.parts > parts) w.parts = parts;
    if (parts == 1) w.graphs = GRAPHS_OFF; /* one queue: no graphs either */
    for (uint32_t n = 1; n <= PARTS_MOST && n <= parts; n *= 2)
        for (int graphs = 0; graphs < 2; graphs++) add(plans, &w, (struct plan){n, graphs, ALL_BLOCKS});
    if (parts > 1) add(plans, &w, (struct plan){2, false, FEW_BLOCKS});
    if (plans->count > 1 && !wish->no_trials) load(plans, path);
}

void plans_keep(const struct plans *plans, const char *path) {
    FILE *f = open_file(plans, path, "w");
    if (!f) return;
    for (int i = 0; i < PLAN_SIZES; i++) fprintf(f, "%d\n", plans->best[i]);
    fclose(f);
}

static int size_of(uint32_t streams) {
    int size = 0;
    while (streams > 1 && size < PLAN_SIZES - 1) streams /= 2, size++;
    return size;
}

/* The measured size that is nearest, or a negative number. */
static int nearest(const struct plans *plans, int wanted) {
    int found = -1;
    for (int i = 0; i < PLAN_SIZES; i++)
        if (plans->best[i] >= 0 && (found < 0 || abs(i - wanted) < abs(found - wanted))) found = i;
    return found;
}

bool plans_open(const struct plans *plans) {
    return plans->count > 1 && !plans->no_trials && nearest(plans, 0) < 0;
}

const struct plan *plans_choose(const struct plans *plans, uint32_t streams) {
    int size = nearest(plans, size_of(streams));
    return &plans->plan[size < 0 ? 0 : plans->best[size]];
}

void plans_measured(struct plans *plans, uint32_t streams, const double *seconds) {
    int best = 0;
    for (int i = 1; i < plans->count; i++)
        if (seconds[i] < seconds[best]) best = i;
    plans->best[size_of(streams)] = best;
}

static bool read_number(const char *text, uint32_t most, uint32_t *out) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || (*end && *end != ',') || *text == '-' || value < 1 || value > most) return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_switch(const char *text, bool *on) {
    size_t length = strcspn(text, ",");
    *on = length == 2 && !memcmp(text, "on", 2);
    return *on || (length == 3 && !memcmp(text, "off", 3));
}

bool plan_wish_read(const char *text, struct plan_wish *out) {
    bool good = true, on = true;
    *out = (struct plan_wish){0};
    for (; *text && good; text += strcspn(text, ","), text += *text == ',') {
        if (!strncmp(text, "parts=", 6))
            good = read_number(text + 6, PARTS_MOST, &out->parts);
        else if (!strncmp(text, "blocks=", 7))
            good = read_number(text + 7, ALL_BLOCKS, &out->blocks);
        else if (!strncmp(text, "graphs=", 7))
            good = read_switch(text + 7, &on), out->graphs = on ? GRAPHS_ON : GRAPHS_OFF;
        else
            good = !strncmp(text, "trials=", 7) && read_switch(text + 7, &on), out->no_trials = !on;
    }
    return good;
}
