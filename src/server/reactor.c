/* reactor.c — what an event loop waits with (see reactor.h).
 *
 * libev's own timers carry the alarms: those of libwebsockets 4.1 under libev may ring late, since it moves a
 * running timer without telling libev. What it keeps time of itself (handshakes, idle peers) is a matter of
 * seconds. */
#include "server/reactor.h"

#include <stdlib.h>

static int64_t at_least(int64_t wait, int64_t least) {
    return wait > least ? wait : least;
}

#ifdef AURALIS_WITH_LIBEV

/* libev's header gives its callbacks parameters that need not be used. */
#include <ev.h>

struct reactor_events {
    struct ev_loop *loop;
    ev_timer timer[REACTOR_ALARMS];
};

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct reactor_alarm *alarm = timer->data;
    (void)loop, (void)events;
    alarm->ring(alarm->self);
}

static void free_events(struct reactor *r) {
    if (r->events && r->events->loop) ev_loop_destroy(r->events->loop);
    free(r->events);
    r->events = NULL;
}

/* libev's plugin is a file that need not be there: then the context cannot be made. */
static bool open_with_events(struct reactor *r, struct lws_context_creation_info *info) {
    r->events = calloc(1, sizeof *r->events);
    if (!r->events || !(r->events->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV))) {
        free_events(r);
        return false;
    }
    struct lws_context_creation_info with = *info;
    void *loops[1] = {r->events->loop};
    with.options |= LWS_SERVER_OPTION_LIBEV;
    with.foreign_loops = loops;
    lws_set_log_level(0, NULL);
    r->context = lws_create_context(&with);
    lws_set_log_level(LLL_ERR, NULL);
    if (!r->context) {
        free_events(r);
        return false;
    }
    for (int i = 0; i < REACTOR_ALARMS; i++) {
        ev_timer_init(&r->events->timer[i], on_timer, 0, 0);
        r->events->timer[i].data = &r->alarm[i];
    }
    info->options = with.options;
    return true;
}

static void set_timer(struct reactor *r, int alarm, int64_t wait) {
    ev_timer *timer = &r->events->timer[alarm];
    ev_timer_stop(r->events->loop, timer);
    ev_now_update(r->events->loop);
    ev_timer_set(timer, (double)at_least(wait, 0) * 1e-9, 0);
    ev_timer_start(r->events->loop, timer);
}

static void turn(struct reactor *r) {
    ev_run(r->events->loop, EVRUN_ONCE);
}

#else

static bool open_with_events(struct reactor *r, struct lws_context_creation_info *info) {
    (void)r, (void)info;
    return false;
}
static void set_timer(struct reactor *r, int alarm, int64_t wait) {
    (void)r, (void)alarm, (void)wait;
}
static void turn(struct reactor *r) {
    (void)r;
}
static void free_events(struct reactor *r) {
    (void)r;
}

#endif

bool reactor_open(struct reactor *r, struct lws_context_creation_info *info) {
    if (!open_with_events(r, info)) r->context = lws_create_context(info);
    return r->context != NULL;
}

void reactor_close(struct reactor *r) {
    if (r->context) lws_context_destroy(r->context);
    free_events(r);
}

static void on_sul(lws_sorted_usec_list_t *sul) {
    struct reactor_alarm *alarm = lws_container_of(sul, struct reactor_alarm, sul);
    alarm->ring(alarm->self);
}

void reactor_set(struct reactor *r, int alarm, int64_t wait) {
    if (r->events)
        set_timer(r, alarm, wait);
    else
        lws_sul_schedule(r->context, 0, &r->alarm[alarm].sul, on_sul, at_least(wait / 1000, 1));
}

bool reactor_turn(struct reactor *r) {
    if (!r->events) return lws_service(r->context, 0) >= 0;
    turn(r);
    return true;
}

const char *reactor_method(const struct reactor *r) {
    return r->events ? "epoll" : "poll";
}
