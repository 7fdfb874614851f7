/* serve.c — `auralis serve`: the server as a command. What it does stands in src/server; here are its
 * options. */
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "server/memory.h"
#include "server/server.h"

#include <signal.h>
#include <string.h>

enum { LISTEN = 1, CONFIG, THREADS, LOOPS, STATE, MAX, ISA };
static const struct option_info TABLE[] = {
    {LISTEN, 'l', "listen", "ADDRESS:PORT",
     "Where to listen; port 0 is any free one. Default 127.0.0.1:8000."},
    {CONFIG, 'c', "config", "FILE",
     "Settings and stations; packaging/auralis.conf lists all of them. Options given here win."},
    {THREADS, 0, "threads", "N", "Threads that render, 1 to 256. Default one a processor."},
    {LOOPS, 0, "loops", "N", "Threads that serve connections, 1 to 64. Default 1."},
    {MAX, 0, "max-listeners", "N", "Listeners at once. Default 1000."},
    {STATE, 0, "state-dir", "DIRECTORY", "Where saved presets live. Default ~/.local/state/auralis."},
    {ISA, 0, "isa", "NAME", "Kernels to render with. Default the best for this machine."},
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };
static const char NAME[] = "serve";

static void help(void) {
    printf("usage: auralis serve [options]\n\n"
           "Streams endless music to a page and to everybody who connects, until it is told to stop.\n\n");
    options_help(TABLE, COUNT, false, stdout);
    printf("\nExamples\n"
           "  auralis serve\n"
           "  auralis serve --listen 0.0.0.0:8000 --config /etc/auralis.conf\n");
}

/* What was typed; options win over the file, wherever it stands among them. */
struct typed {
    const char *value[ISA + 1];
    uint64_t loops;
};

static int read_options(int argc, char **argv, struct typed *typed) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return -1;
        if (id == OPTION_OPERAND) return refuse(NAME, "\"%s\" is no option", options.value);
        typed->value[id] = options.value;
        if (id == LOOPS && !parse_whole(options.value, 1, SERVER_LOOPS_MAX, &typed->loops))
            return refuse(NAME, "--loops \"%s\": must be a whole number from 1 to %d", options.value,
                          SERVER_LOOPS_MAX);
    }
    return EXIT_DONE;
}

static int read_config(const struct typed *typed, struct server_config *config) {
    static const struct {
        int id;
        const char *option, *key;
    } keys[] = {{LISTEN, "listen", "listen"},
                {THREADS, "threads", "threads"},
                {MAX, "max-listeners", "max_listeners"},
                {STATE, "state-dir", "state_dir"}};
    struct config_message why;
    const char *file = typed->value[CONFIG];
    if (file && config_read_file(file, config, &why) < 0) return refuse(NAME, "%s: %s", why.place, why.text);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = typed->value[keys[i].id];
        if (value && config_set(config, keys[i].key, value, &why) < 0)
            return refuse(NAME, "--%s \"%s\": %s", keys[i].option, value, why.text);
    }
    return EXIT_DONE;
}

static bool interrupted(void *self) {
    (void)self;
    return interrupt_seen();
}

static int serve(const struct server_options *options) {
    struct server *server;
    auralis_message why;
    memory_prepare();
    interrupt_watch();
    signal(SIGPIPE, SIG_IGN);
    int result = server_create(options, &server, &why);
    if (result == AURALIS_ENOENT || result == AURALIS_EUNSUPPORTED || result == AURALIS_EINVAL)
        return refuse(NAME, "%s: %s", why.place, why.text);
    if (result < 0) return fail(NAME, "%s", why.text);
    printf("Auralis is playing on http://%s\n", server_address(server));
    fflush(stdout);
    server_run(server);
    server_destroy(server);
    return EXIT_DONE;
}

int command_serve(int argc, char **argv) {
    static struct server_config config = SERVER_CONFIG_DEFAULT; /* too large for the stack */
    struct typed typed = {0};
    int status = read_options(argc, argv, &typed);
    if (status < 0) return help(), EXIT_DONE;
    if (status == EXIT_DONE) status = read_config(&typed, &config);
    if (status != EXIT_DONE) return status;
    return serve(&(struct server_options){
        .config = &config, .isa = typed.value[ISA], .loops = (uint32_t)typed.loops, .stop = interrupted});
}
