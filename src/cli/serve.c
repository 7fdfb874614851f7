/* serve.c — `auralis serve`: the server as a command. What it does stands in src/server; here are its
 * options. */
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "server/memory.h"
#include "server/server.h"
#include "stream/priority.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONFIG = 1,
    CHECK,
    PRINT,
    ISA,
    DEVICE,
    KEY
}; /* KEY: a key of the configuration, in the words of an option */
static const struct option_info TABLE[] = {
    {KEY, 'l', "listen", "ADDRESS:PORT", "Where to listen; port 0 is any free one. Default 127.0.0.1:8000."},
    {CONFIG, 'c', "config", "FILE",
     "Settings and stations; auralis.conf(5) lists all of them. The environment (AURALIS_LISTEN, …) goes "
     "before "
     "it, and options given here before both."},
    {KEY, 0, "tls-certificate", "FILE", "Serve HTTPS, with this certificate and its chain (PEM)."},
    {KEY, 0, "tls-key", "FILE", "The certificate's key (PEM)."},
    {KEY, 0, "token-file", "FILE", "Tokens of those who may control stations, one a line."},
    {KEY, 0, "allowed-origins", "LIST", "Other sites whose pages may use this server."},
    {KEY, 0, "trusted-proxy", "ADDRESS", "A reverse proxy whose X-Forwarded-For is believed."},
    {KEY, 0, "threads", "N",
     "Threads that render, 1 to 256. Default one a core that it may use; on a GPU one, for which a thread a "
     "processor "
     "composes."},
    {KEY, 0, "pin", "on|off", "Keeps each of them on a core of its own. Default off."},
    {KEY, 0, "loops", "N", "Threads that serve connections, 1 to 64. Default 1."},
    {KEY, 0, "max-listeners", "N", "Listeners at once. Default 1000."},
    {KEY, 0, "state-dir", "DIRECTORY",
     "Where saved presets and stations live. Default ~/.local/state/auralis."},
    {KEY, 0, "icecast", "URL",
     "Feed station main to an Icecast server: icecast://source:PASSWORD@HOST:8000/MOUNT.mp3 (or .opus); "
     "AURALIS_ICECAST keeps the password off the command line."},
    {ISA, 0, "isa", "NAME", "Kernels to render with. Default the best for this machine."},
    {DEVICE, 0, "device", "NAME",
     "Where to render: cpu, opencl, cuda, metal, or auto (a GPU if there is a good one). Default cpu."},
    {CHECK, 0, "check-config", NULL, "Says whether the configuration is good, and does nothing else."},
    {PRINT, 0, "print-config", NULL, "Prints the configuration as it is in the end, and does nothing else."},
};
enum { COUNT = sizeof TABLE / sizeof *TABLE, TYPED_MAX = 64 };
static const char NAME[] = "serve";

static void help(void) {
    printf("usage: auralis serve [options]\n\n"
           "Streams endless music to a page and to everybody who connects, until it is told to stop.\n\n");
    options_help(TABLE, COUNT, false, stdout);
    printf("\nSignals\n"
           "  TERM, INT  Tells everybody, plays on for up to five seconds, and ends.\n"
           "  HUP        Reads the configuration, tokens and certificate again.\n"
           "\nExamples\n"
           "  auralis serve\n"
           "  auralis serve --listen '*:8443' --tls-certificate cert.pem --tls-key key.pem\n"
           "  auralis serve --config /etc/auralis/auralis.conf --check-config\n");
}

/* What was typed, kept for when the configuration is read again. */
struct typed {
    const char *config, *isa, *device;
    bool check, print;
    int count;
    struct {
        char key[64];
        const char *value;
    } set[TYPED_MAX];
};

static int take_key(struct typed *typed, const char *option, const char *value) {
    if (typed->count == TYPED_MAX) return refuse(NAME, "there are too many options");
    char *at = typed->set[typed->count].key;
    for (option += strspn(option, "-"); *option; option++) *at++ = *option == '-' ? '_' : *option;
    *at = 0;
    if (typed->set[typed->count].key[1] == 0) strcpy(typed->set[typed->count].key, "listen"); /* -l */
    typed->set[typed->count++].value = value;
    return EXIT_DONE;
}

static int read_options(int argc, char **argv, struct typed *typed) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    int status = EXIT_DONE;
    for (int id; status == EXIT_DONE && (id = options_next(&options)) != OPTION_END;) {
        switch (id) {
        case OPTION_BAD:
            return EXIT_BAD_INPUT;
        case OPTION_HELP:
            return -1;
        case OPTION_OPERAND:
            return refuse(NAME, "\"%s\" is no option", options.value);
        case CONFIG:
            typed->config = options.value;
            break;
        case CHECK:
            typed->check = true;
            break;
        case PRINT:
            typed->print = true;
            break;
        case ISA:
            typed->isa = options.value;
            break;
        case DEVICE:
            typed->device = options.value;
            break;
        default:
            status = take_key(typed, options.name, options.value);
        }
    }
    return status;
}

/* Flag over environment over file over default. */
static int read_config(const struct typed *typed, struct server_config *config) {
    static const struct server_config defaults = SERVER_CONFIG_DEFAULT;
    struct config_message why;
    const char *file = typed->config ? typed->config : getenv("AURALIS_CONFIG");
    *config = defaults;
    if (file && *file && config_read_file(file, config, &why) < 0)
        return refuse(NAME, "%s: %s", why.place, why.text);
    if (config_environment(config, &why) < 0) return refuse(NAME, "%s: %s", why.place, why.text);
    for (int i = 0; i < typed->count; i++)
        if (config_set(config, typed->set[i].key, typed->set[i].value, &why) < 0)
            return refuse(NAME, "option --%s", why.text);
    if (server_check(config, &why) < 0) return refuse(NAME, "%s: %s", why.place, why.text);
    return EXIT_DONE;
}

/* What the running server needs to read its configuration again. */
struct rereading {
    const struct typed *typed;
    struct server_config *config;
};

static bool hangup_seen(void *self) {
    (void)self;
    return interrupt_hangup_seen();
}

static const struct server_config *reread(void *self) {
    struct rereading *r = self;
    return read_config(r->typed, r->config) == EXIT_DONE ? r->config : NULL;
}

static bool interrupted(void *self) {
    (void)self;
    return interrupt_seen();
}

/* Says what the system permits. */
static void say_priority(int session, int locked) {
    printf("Priority: session %d, sending %d, rendering %d, encoding %d; the program is %s%s\n", session,
           priority_permitted(PRIORITY_SEND), priority_permitted(PRIORITY_RENDER),
           priority_permitted(PRIORITY_ENCODE), locked ? "not locked in memory: " : "locked in memory",
           locked ? strerror(locked) : "");
}

/* Where render threads are to stay on their cores: which they got. */
static void say_cores(const struct live *live) {
    printf("Render threads:");
    for (int i = 0; i < live_threads(live); i++) {
        int core = live_core(live, i);
        if (core < 0)
            printf("%s not pinned (%s)", i ? "," : "", strerror(-core));
        else
            printf("%s on core %d", i ? "," : "", core);
    }
    printf("\n");
}

static int serve(const struct server_options *options) {
    struct server *server;
    auralis_message why;
    memory_prepare();
    int session = priority_raise_session(PRIORITY_SESSION), locked = priority_lock_memory();
    interrupt_watch();
    interrupt_watch_hangup();
    signal(SIGPIPE, SIG_IGN);
    int result = server_create(options, &server, &why);
    if (result == AURALIS_ENOENT || result == AURALIS_EUNSUPPORTED || result == AURALIS_EINVAL)
        return refuse(NAME, "%s: %s", why.place, why.text);
    if (result < 0) return fail(NAME, "%s", why.text);
    printf("Auralis is playing on %s://%s\n", *options->config->tls_certificate ? "https" : "http",
           server_address(server));
    printf("Device: %s\n", server_device(server));
    say_priority(session, locked);
    if (options->config->pin) say_cores(server->live);
    fflush(stdout);
    server_run(server);
    server_destroy(server);
    return EXIT_DONE;
}

int command_serve(int argc, char **argv) {
    static struct server_config config, again; /* too large for the stack */
    struct typed typed = {0};
    int status = read_options(argc, argv, &typed);
    if (status < 0) return help(), EXIT_DONE;
    if (status == EXIT_DONE) status = read_config(&typed, &config);
    if (status != EXIT_DONE) return status;
    if (typed.print) config_print(&config, stdout);
    if (typed.check && !typed.print) puts("The configuration is good.");
    if (typed.print || typed.check) return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
    struct rereading rereading = {.typed = &typed, .config = &again};
    return serve(&(struct server_options){.config = &config,
                                          .isa = typed.isa,
                                          .device = typed.device,
                                          .stop = interrupted,
                                          .reload = hangup_seen,
                                          .reread = reread,
                                          .self = &rereading});
}
