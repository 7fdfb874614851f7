/* load.c — many simulated listeners of one server (see load.h): who comes and goes when, and what the server
 * uses meanwhile. */
#include "load/load.h"
#include "load/listener.h"
#include "load/process.h"

#include "base/monotonic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS = 512, SPARE_FILES = 64 };
static const int64_t TICK = 20 * MONOTONIC_MS, SWEEP = 250 * MONOTONIC_MS, SAMPLE = MONOTONIC_SECOND,
                     SETTLE = 3 * MONOTONIC_SECOND;

const char *load_plant_name(int plant) {
    static const char *const names[PLANTS] = {"none", "drop", "repeat", "bit", "seed"};
    return names[plant];
}

void load_kind_name(const struct load_kind *kind, char out[32]) {
    static const char *const radio[] = {"opus", "mp3"};
    if (kind->version == LOAD_HTTP)
        snprintf(out, 32, "http %s", radio[kind->format]);
    else
        snprintf(out, 32, "v%d%s%s", kind->version, kind->version < 2 ? "" : " ",
                 kind->version < 2 ? "" : stream_format_name(kind->format));
}

void crowd_fault(struct crowd *c, uint64_t *counter, const struct listener *l, const char *format, ...) {
    struct load_results *r = c->results;
    ++*counter;
    if (r->notes == LOAD_NOTES) return;
    char *note = r->note[r->notes++];
    char kind[32];
    load_kind_name(&l->kind, kind);
    int at = snprintf(note, sizeof r->note[0], "listener %u (%s, %s): ", l->number, kind,
                      l->shared ? "station" : "personal");
    va_list args;
    va_start(args, format);
    vsnprintf(note + at, sizeof r->note[0] - (size_t)at, format, args);
    va_end(args);
}

/* The straight line through (hours, MB), by sums. */
struct line {
    double n, x, y, xx, xy;
};

struct run {
    struct crowd crowd;
    int64_t begin, hold, end; /* first connection, all there, last moment */
    uint32_t connected;       /* of the ramp */
    uint64_t churned;
    uint32_t oldest; /* slot that churn replaces next */
    int64_t ticked, swept, sampled, said;
    bool deserted;              /* everybody has been lost, and nobody will come */
    double server_cpu, own_cpu; /* seconds, at the beginning of the hold */
    bool holding;
    struct line line;
};

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* The server -------------------------------------------------------------------------------------------- */

static bool look_at_server(struct run *run, struct process_usage *usage) {
    struct load_results *r = run->crowd.results;
    int pid = run->crowd.config->pid;
    if (!pid || r->server_gone) return false;
    if (!process_read(pid, usage)) {
        r->server_gone = r->server_seen;
        return false;
    }
    r->server_seen = true;
    r->server_threads = usage->threads;
    if (usage->rss_mb > r->rss_peak) r->rss_peak = usage->rss_mb;
    return true;
}

static void say_progress(const struct run *run, int64_t now) {
    const struct load_results *r = run->crowd.results;
    fprintf(stderr, "%3lld min: %.3f %% on time, %llu gaps, %llu starved, %llu lost, server %.1f MB\n",
            (long long)((now - run->hold) / (60 * MONOTONIC_SECOND)),
            r->steady ? 100.0 * (double)r->on_time / (double)r->steady : 0, (unsigned long long)r->gaps,
            (unsigned long long)r->starved, (unsigned long long)(r->lost + r->failed), r->rss_playing);
}

static void sample(struct run *run, int64_t now) {
    struct process_usage usage;
    struct line *l = &run->line;
    if (now < run->sampled) return;
    run->sampled = now + SAMPLE;
    if (!look_at_server(run, &usage)) return;
    run->crowd.results->rss_playing = usage.rss_mb;
    if (now > run->hold + (run->end - run->hold) / 5) {
        double x = (double)(now - run->hold) * 1e-9 / 3600, y = usage.rss_mb;
        *l = (struct line){l->n + 1, l->x + x, l->y + y, l->xx + x * x, l->xy + x * y};
    }
    if (run->crowd.config->talkative && now > run->said) {
        if (run->said) say_progress(run, now);
        run->said = (run->said ? run->said : run->hold) + 60 * MONOTONIC_SECOND;
    }
}

static void begin_hold(struct run *run, int64_t now) {
    struct process_usage usage;
    run->holding = true;
    run->hold = now;
    run->end = now + run->crowd.config->duration;
    run->own_cpu = own_cpu();
    if (look_at_server(run, &usage)) run->server_cpu = usage.cpu_seconds;
}

static void end_hold(struct run *run, int64_t now) {
    struct load_results *r = run->crowd.results;
    struct process_usage usage;
    const struct line *l = &run->line;
    double spread = l->n * l->xx - l->x * l->x;
    if (!run->holding) begin_hold(run, now);
    r->seconds = (double)(now - run->hold) * 1e-9;
    if (r->seconds <= 0) return;
    r->own_cpu = (own_cpu() - run->own_cpu) / r->seconds;
    if (look_at_server(run, &usage)) {
        r->server_cpu = (usage.cpu_seconds - run->server_cpu) / r->seconds;
        r->rss_playing = usage.rss_mb;
    }
    if (spread > 0 && l->n > 30) r->rss_slope = (l->n * l->xy - l->x * l->y) / spread;
}

/* Coming and going -------------------------------------------------------------------------------------- */

static void let_come(struct run *run, int64_t now) {
    const struct load_config *f = run->crowd.config;
    while (run->connected < f->listeners &&
           now >= run->begin + (int64_t)((double)f->ramp * run->connected / f->listeners))
        listener_connect(&run->crowd, run->connected++);
    if (run->connected == f->listeners && !run->holding && now >= run->begin + f->ramp) begin_hold(run, now);
}

/* The one that has been there longest goes, every other one without a word, and somebody else comes. */
static void churn(struct run *run, int64_t now) {
    struct crowd *c = &run->crowd;
    if (!run->holding || c->config->churn <= 0) return;
    uint64_t wanted = (uint64_t)((double)(now - run->hold) * 1e-9 * c->config->churn);
    for (; run->churned < wanted; run->churned++) {
        uint32_t i = run->oldest;
        run->oldest = (i + 1) % c->config->listeners;
        if (c->slot[i]) {
            listener_leave(c->slot[i], (run->churned + i) % 2);
            c->results->left++;
        }
        if (!c->slot[i]) listener_connect(c, i);
    }
}

static void sweep(struct run *run, int64_t now) {
    struct crowd *c = &run->crowd;
    if (now < run->swept) return;
    run->swept = now + SWEEP;
    run->deserted = run->holding && c->config->churn <= 0;
    for (uint32_t i = 0; i < c->config->listeners; i++) {
        if (c->slot[i] && listener_overdue(c->slot[i], now)) listener_give_up(c->slot[i]);
        if (c->slot[i]) run->deserted = false;
    }
    for (struct listener *l = c->leaving, *next; l; l = next) {
        next = l->next;
        if (listener_overdue(l, now)) listener_give_up(l);
    }
}

static void serve_slow(struct run *run, int64_t now) {
    struct crowd *c = &run->crowd;
    if (!c->config->slow || now < run->ticked + TICK) return;
    double seconds = run->ticked ? (double)(now - run->ticked) * 1e-9 : 0;
    run->ticked = now;
    for (uint32_t i = c->config->listeners - c->config->slow; i < c->config->listeners; i++)
        if (c->slot[i]) listener_read_slowly(c->slot[i], seconds);
}

/* Waits for the sockets, until something else is due: with many comings a second, that is soon. */
static void listen_once(struct run *run) {
    struct epoll_event events[EVENTS];
    bool coming = run->connected < run->crowd.config->listeners || run->crowd.config->churn > 50;
    int n = epoll_wait(run->crowd.epoll, events, EVENTS, coming ? 1 : (int)(TICK / MONOTONIC_MS));
    for (int i = 0; i < n; i++) listener_ready(events[i].data.ptr, events[i].events);
    listener_bury(&run->crowd);
}

static bool stopped(const struct run *run) {
    return run->crowd.config->stop && run->crowd.config->stop();
}

static void play(struct run *run) {
    for (;;) {
        int64_t now = monotonic_now();
        let_come(run, now);
        churn(run, now);
        serve_slow(run, now);
        sweep(run, now);
        sample(run, now);
        if (run->holding && (now >= run->end || run->deserted)) return;
        if (stopped(run)) {
            run->crowd.results->interrupted = true;
            return;
        }
        listen_once(run);
    }
}

/* Everybody says good-bye; then the server gets a moment to clear up. */
static void go_home(struct run *run) {
    struct crowd *c = &run->crowd;
    struct process_usage usage;
    int64_t settle = c->config->duration < SETTLE ? c->config->duration : SETTLE, now,
            until = monotonic_now() + settle;
    for (uint32_t i = 0; i < c->config->listeners; i++) {
        if (!c->slot[i]) continue;
        c->results->playing += c->slot[i]->phase == LISTENER_PLAYING;
        listener_leave(c->slot[i], true);
    }
    run->connected = c->config->listeners;
    while ((now = monotonic_now()) < until && !(c->results->interrupted && !c->leaving)) {
        sweep(run, now);
        listen_once(run);
        if (!c->leaving && !c->config->pid) break;
    }
    while (c->leaving) listener_give_up(c->leaving);
    listener_bury(c);
    if (look_at_server(run, &usage)) c->results->rss_after = usage.rss_mb;
}

/* Beginning and end ------------------------------------------------------------------------------------- */

static bool enough_files(uint64_t wanted, char why[200]) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted) return true;
    snprintf(why, 200, "%llu files must be open at once, and only %llu may be (ulimit -n)",
             (unsigned long long)wanted, (unsigned long long)limit.rlim_cur);
    return false;
}

static bool gather(struct run *run, const struct load_config *config, struct load_results *results,
                   char why[200]) {
    struct crowd *c = &run->crowd;
    c->config = config;
    c->results = results;
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->slot = calloc(config->listeners, sizeof(struct listener *));
    c->generation = calloc(config->listeners, sizeof *c->generation);
    auralis_engine_config engine = {.max_streams = LOAD_VERIFY_MAX + 24};
    if (c->epoll >= 0 && c->slot && c->generation && auralis_engine_create(&engine, &c->engine) >= 0)
        return true;
    snprintf(why, 200, "out of memory or files");
    return false;
}

static void disperse(struct run *run) {
    struct crowd *c = &run->crowd;
    reference_close(c->station);
    auralis_engine_destroy(c->engine);
    if (c->epoll >= 0) close(c->epoll);
    free(c->slot);
    free(c->generation);
    free(run);
}

bool load_run(const struct load_config *config, struct load_results *results, char why[200]) {
    memset(results, 0, sizeof *results);
    uint64_t leaving = (uint64_t)(config->churn * 2);
    if (!enough_files(config->listeners + leaving + SPARE_FILES, why)) return false;
    struct run *run = calloc(1, sizeof *run);
    if (!run) {
        snprintf(why, 200, "out of memory");
        return false;
    }
    struct process_usage usage;
    bool ready = gather(run, config, results, why);
    if (ready) {
        if (look_at_server(run, &usage)) results->rss_before = usage.rss_mb;
        run->begin = run->crowd.began = monotonic_now();
        play(run);
        end_hold(run, monotonic_now());
        go_home(run);
    }
    disperse(run);
    return ready;
}

bool load_passed(const struct load_results *r) {
    return !(r->failed || r->lost || r->gaps || r->repeats || r->wrong || r->malformed || r->server_gone) &&
           r->messages;
}
