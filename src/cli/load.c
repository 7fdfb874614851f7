/* load.c — `auralis load`: many simulated listeners of a server, and whether they were served well. What they
 * do stands in src/load; here are the options. */
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "load/load.h"
#include "load/process.h"
#include "load/report.h"
#include "server/tier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LISTENERS = 1,
    RAMP,
    DURATION,
    CHURN,
    SLOW,
    PROTOCOL,
    SHARED,
    STATION,
    CHUNK,
    TIER,
    SEED,
    ALIKE,
    PPM,
    VERIFY,
    PLANT,
    PID,
    JSON,
    ANYWHERE
};
/* clang-format off */
static const struct option_info TABLE[] = {
    {0, 0, NULL, NULL, "Who comes"},
    {LISTENERS, 'n', "listeners", "N", "How many at once, 1 to 20000. Default 10."},
    {RAMP, 0, "ramp", "TIME", "They come one by one over this time, at most 1 h. Default: a hundred a second."},
    {DURATION, 'd', "duration", "TIME", "How long all of them stay, at most 168 h. Default 30s."},
    {CHURN, 0, "churn", "RATE", "So many a second leave, half of them without a word, and are replaced; 0 to 5000. Default 0."},
    {SLOW, 0, "slow", "N", "The last N read only half of what they are sent."},
    {0, 0, NULL, NULL, "What they ask for"},
    {PROTOCOL, 'p', "protocol", "LIST", "v0, v1, v2 (int16), v2-float32, v2-opus, http-opus and http-mp3, with commas between: taken in turn. Default v2."},
    {SHARED, 0, "shared", "PERCENT", "How many of them hear a station; the others each have a piece of their own. Default 0."},
    {STATION, 0, "station", "NAME", "Which station. Default main."},
    {CHUNK, 0, "chunk", "FRAMES", "v2: frames a message, 480 to 9600 in steps of 240. Default 4800 (100 ms)."},
    {TIER, 0, "tier", "NAME", "How far ahead: minimal, normal, stable or defensive. Default normal."},
    {SEED, 0, "seed", "N", "Seed of the first piece; the others follow. Default 1."},
    {ALIKE, 0, "alike", NULL, "All pieces are the first one: what more listeners cost is then not what their pieces cost."},
    {PPM, 0, "ppm", "N", "The listeners' clocks are wrong by up to N parts in a million, half of them slow; 0 to 1000. Default 0."},
    {0, 0, NULL, NULL, "What is looked at"},
    {VERIFY, 0, "verify", "N", "The first N render their piece too and compare every sample, at most 1000. Default 8."},
    {PID, 0, "pid", "N", "The server's process. Default: whoever listens on that port here."},
    {PLANT, 0, "plant", "FAULT", "Spoils one message of the first listener, to see that it is noticed: drop, repeat, bit or seed."},
    {JSON, 0, "json", "FILE", "Writes the results as JSON too; - is standard output, without the table."},
    {ANYWHERE, 0, "anywhere", NULL, "Lets the server be another machine. Only with its owner's consent."},
};
/* clang-format on */
enum { COUNT = sizeof TABLE / sizeof *TABLE };
static const char NAME[] = "load";

static void help(void) {
    printf("usage: auralis load [options] [ADDRESS:PORT]\n\n"
           "Connects many listeners to a server and tells whether each got its music: in order, in time and\n"
           "sample by sample. The server is 127.0.0.1:8000 if none is named, and always this machine unless\n"
           "--anywhere is given. Samples of a station are only compared rightly while nobody has turned its\n"
           "controls since it began.\n\n");
    options_help(TABLE, COUNT, false, stdout);
    printf("\nExamples\n"
           "  auralis load -n 1000 --duration 5m\n"
           "  auralis load -n 200 --protocol v1\n"
           "  auralis load -n 100 --shared 50 --protocol v2,v2-float32,v1,v0 --churn 2 --duration 30m --json "
           "soak.json\n"
           "\nExit status\n"
           "  0    everybody was served, with the right audio\n"
           "  1    connections failed or were lost, or audio was missing, repeated, wrong or malformed\n"
           "  2    bad input\n"
           "  130  interrupted\n");
}

struct request {
    struct load_config load;
    const char *json, *address;
    bool anywhere, ramp;
};

static bool number_from(const char *text, double low, double high, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out) && *out >= low && *out <= high;
}

static int whole(const struct options *o, uint64_t low, uint64_t high, uint32_t *out) {
    uint64_t value;
    if (!parse_whole(o->value, low, high, &value))
        return refuse(NAME, "%s \"%s\": must be a whole number from %llu to %llu", o->name, o->value,
                      (unsigned long long)low, (unsigned long long)high);
    *out = (uint32_t)value;
    return EXIT_DONE;
}

static int number(const struct options *o, double high, double *out) {
    if (number_from(o->value, 0, high, out)) return EXIT_DONE;
    return refuse(NAME, "%s \"%s\": must be a number from 0 to %g", o->name, o->value, high);
}

static int time_option(const struct options *o, uint64_t low, uint64_t high_seconds, int64_t *out) {
    uint64_t value;
    if (!parse_time(o->value, &value) || value < low || value > high_seconds * 1000000000)
        return refuse(NAME, "%s \"%s\": must be %s, at most %llu s%s", o->name, o->value,
                      "a time like 90, 30s, 10m or 1h30m", (unsigned long long)high_seconds,
                      low ? " and more than 0" : "");
    *out = (int64_t)value;
    return EXIT_DONE;
}

static int protocols(const struct options *o, struct load_config *f) {
    static const struct {
        const char *name;
        struct load_kind kind;
    } known[] = {{"v0", {0, 0}},
                 {"v1", {1, 0}},
                 {"v2", {2, STREAM_INT16}},
                 {"v2-float32", {2, STREAM_FLOAT32}},
                 {"v2-opus", {2, STREAM_OPUS}},
                 {"http-opus", {LOAD_HTTP, RADIO_OPUS}},
                 {"http-mp3", {LOAD_HTTP, RADIO_MP3}}};
    const size_t count = sizeof known / sizeof *known;
    f->kinds = 0;
    for (const char *at = o->value;;) {
        size_t length = strcspn(at, ","), i = 0;
        while (i < count && (strlen(known[i].name) != length || strncmp(known[i].name, at, length))) i++;
        if (i == count || f->kinds == LOAD_KINDS_MAX)
            return refuse(NAME,
                          "--protocol \"%s\": must be up to %d of v0, v1, v2, v2-float32, v2-opus, "
                          "http-opus, http-mp3 with commas between",
                          o->value, LOAD_KINDS_MAX);
        f->kind[f->kinds++] = known[i].kind;
        if (!at[length]) return EXIT_DONE;
        at += length + 1;
    }
}

static int choose_tier(const struct options *o, struct load_config *f) {
    f->tier = tier_find(o->value);
    if (f->tier >= 0) return EXIT_DONE;
    return refuse(NAME, "--tier \"%s\": must be minimal, normal, stable or defensive", o->value);
}

static int choose_plant(const struct options *o, struct load_config *f) {
    for (f->plant = 1; f->plant < PLANTS; f->plant++)
        if (!strcmp(o->value, load_plant_name(f->plant))) return EXIT_DONE;
    return refuse(NAME, "--plant \"%s\": must be drop, repeat, bit or seed", o->value);
}

static int choose_chunk(const struct options *o, struct load_config *f) {
    int status = whole(o, 480, 9600, &f->chunk);
    if (status || f->chunk % 240 == 0) return status;
    return refuse(NAME, "--chunk \"%s\": must be a multiple of 240", o->value);
}

/* The name goes into an address. */
static int choose_station(const struct options *o, struct load_config *f) {
    size_t length = strspn(o->value, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    f->station = o->value;
    if (length && length <= 32 && !o->value[length]) return EXIT_DONE;
    return refuse(NAME, "--station \"%s\": must be 1 to 32 of a-z 0-9 _ -", o->value);
}

static int choose_seed(const struct options *o, struct load_config *f) {
    if (parse_whole(o->value, 0, UINT64_MAX / 2, &f->seed)) return EXIT_DONE;
    return refuse(NAME, "--seed \"%s\": must be a whole number from 0 to %llu", o->value,
                  (unsigned long long)UINT64_MAX / 2);
}

static int read_operand(struct request *r, const struct options *o) {
    if (r->address) return refuse(NAME, "\"%s\" is too many", o->value);
    r->address = o->value;
    return EXIT_DONE;
}

static int read_option(struct request *r, const struct options *o, int id) {
    struct load_config *f = &r->load;
    switch (id) {
    case LISTENERS:
        return whole(o, 1, LOAD_LISTENERS_MAX, &f->listeners);
    case RAMP:
        r->ramp = true;
        return time_option(o, 0, 3600, &f->ramp);
    case DURATION:
        return time_option(o, 1, LOAD_SECONDS_MAX, &f->duration);
    case CHURN:
        return number(o, LOAD_CHURN_MAX, &f->churn);
    case SLOW:
        return whole(o, 0, LOAD_LISTENERS_MAX, &f->slow);
    case PROTOCOL:
        return protocols(o, f);
    case SHARED:
        return whole(o, 0, 100, &f->shared_percent);
    case STATION:
        return choose_station(o, f);
    case CHUNK:
        return choose_chunk(o, f);
    case TIER:
        return choose_tier(o, f);
    case SEED:
        return choose_seed(o, f);
    case ALIKE:
        f->alike = true;
        return EXIT_DONE;
    case PPM:
        return number(o, 1000, &f->ppm);
    case VERIFY:
        return whole(o, 0, LOAD_VERIFY_MAX, &f->verify);
    case PLANT:
        return choose_plant(o, f);
    case PID: {
        uint32_t pid = 0;
        int status = whole(o, 1, 1 << 22, &pid);
        f->pid = (int)pid;
        return status;
    }
    case JSON:
        r->json = o->value;
        return EXIT_DONE;
    case ANYWHERE:
        r->anywhere = true;
        return EXIT_DONE;
    default:
        return read_operand(r, o);
    }
}

static int check(struct request *r) {
    struct load_config *f = &r->load;
    const char *address = r->address ? r->address : "127.0.0.1:8000",
               *wrong = target_read(address, &f->target);
    if (wrong) return refuse(NAME, "\"%s\": %s", address, wrong);
    if (!f->target.here && !r->anywhere)
        return refuse(NAME,
                      "\"%s\" is not this machine; --anywhere lets it be another one, if its owner agrees",
                      address);
    if (f->slow > f->listeners)
        return refuse(NAME, "--slow %u: there are only %u listeners", f->slow, f->listeners);
    if (f->verify > f->listeners - f->slow) f->verify = f->listeners - f->slow;
    if (f->plant && !f->verify) return refuse(NAME, "--plant needs a verified listener");
    if (!r->ramp) f->ramp = (int64_t)f->listeners * 10000000;
    if (!f->pid && f->target.here) f->pid = process_listening(f->target.port);
    if (!f->target.here)
        fprintf(stderr,
                "auralis load: %s is another machine. %u connections to it begin now and stay for %lld s.\n",
                address, f->listeners, (long long)(f->duration / 1000000000));
    return EXIT_DONE;
}

static int tell(const struct request *r, const struct load_results *results) {
    bool out = r->json && r->json[0] == '-' && !r->json[1];
    if (!out) load_table(&r->load, results, stdout);
    if (!r->json) return EXIT_DONE;
    FILE *f = out ? stdout : fopen(r->json, "w");
    bool written = f && load_json(&r->load, results, f);
    if (f) written = (out ? fflush(f) : fclose(f)) == 0 && written;
    return written ? EXIT_DONE : fail(NAME, "cannot write %s", r->json);
}

int command_load(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    struct request r = {.load = {.listeners = 10,
                                 .verify = 8,
                                 .kind = {{.version = 2}},
                                 .kinds = 1,
                                 .station = "main",
                                 .chunk = 4800,
                                 .tier = TIER_NORMAL,
                                 .seed = 1,
                                 .duration = INT64_C(30000000000),
                                 .stop = interrupt_seen}};
    static struct load_results results;
    char why[200];
    int status;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        if ((status = read_option(&r, &options, id))) return status;
    }
    if ((status = check(&r))) return status;
    r.load.talkative = isatty(STDERR_FILENO) || r.load.duration >= INT64_C(600000000000);
    interrupt_watch();
    if (!load_run(&r.load, &results, why)) return fail(NAME, "%s", why);
    status = tell(&r, &results);
    if (status) return status;
    if (results.interrupted) return EXIT_INTERRUPTED;
    return load_passed(&results) ? EXIT_DONE : EXIT_FAILED;
}
