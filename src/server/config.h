/* config.h — the configuration file of the server.
 *
 * Lines of `key = value`, comments after '#', and sections `[station NAME]` whose keys are seed, preset and
 * any parameter. packaging/auralis.conf is the manual: every key with its default. A value may stand in
 * double quotes. What is wrong is named by file, line and key, with what is allowed, and nothing of the file
 * is used.
 *
 *     struct server_config config = SERVER_CONFIG_DEFAULT;
 *     if (config_read_file(path, &config, &why) < 0) …            file over default
 *     if (config_set(&config, "listen", option, &why) < 0) …      flag over file
 *
 * Any thread. */
#ifndef AURALIS_SERVER_CONFIG_H
#define AURALIS_SERVER_CONFIG_H

#include "server/stream_request.h"
#include "server/tier.h"

#include <stdio.h>

enum { CONFIG_FILE_MAX = 256 * 1024, CONFIG_STATIONS_MAX = 32, CONFIG_PATH_MAX = 1024 };

struct station_config {
    char name[STATION_NAME_MAX + 1];
    uint64_t seed;                 /* default 0 */
    auralis_parameters parameters; /* complete: default, then preset, then the section's own */
    char icecast[256];             /* where it is fed to, see icecast_url.h; default "" */
};

struct server_config {
    char listen[128];                      /* ADDRESS:PORT, [IPV6]:PORT or PORT; default "127.0.0.1:8000" */
    char tls_certificate[CONFIG_PATH_MAX]; /* PEM, with its chain; default "": no TLS */
    char tls_key[CONFIG_PATH_MAX];         /* PEM; with a certificate only */
    char token_file[CONFIG_PATH_MAX];      /* see tokens.h; default "" */
    char allowed_origins[CONFIG_PATH_MAX]; /* see origin.h; default "" */
    uint32_t threads;                      /* that render, 1–256; default 0: one a usable core */
    bool pin;                              /* each of them to a core; default false */
    uint32_t loops;                        /* that serve connections, 1–64; default 1 */
    uint32_t max_listeners;                /* on the whole server, 1–100,000; default 1,000 */
    uint32_t max_connections;              /* of TCP, whatever they do, 1–1,000,000; default 0:
                                          max_listeners and 1,000 more */
    uint32_t max_connections_per_address;  /* 1–100,000; default 32; loopback and the proxy are exempt */
    uint32_t max_per_address;              /* listeners, 1–100,000; default 5; loopback is exempt */
    uint32_t attempts_per_minute;          /* of listeners of one address, 1–100,000; default 10 */
    uint32_t requests_per_minute;          /* of HTTP from one address, 1–1,000,000; default 600 */
    char trusted_proxy[64];                /* address whose X-Forwarded-For is believed; default "" (none) */
    char state_dir[CONFIG_PATH_MAX];       /* default "": the user's state directory */
    char icecast[256];        /* of station main, unless its section says otherwise; default "" */
    int buffer_tier;          /* of listeners that ask for none; default TIER_NORMAL */
    uint32_t burst_seconds;   /* that an HTTP listener gets ahead, 0–8; default 3 */
    uint32_t opus_bitrate;    /* kbit/s over HTTP, 32–320; default 96 */
    uint32_t mp3_bitrate;     /* kbit/s, a bitrate of MP3 from 64 to 320; default 160 */
    uint32_t encoder_threads; /* 1–64; default 0: one a usable core */
    uint32_t station_count;   /* default 1: "main", seed 0; "main" always exists and is the first */
    struct station_config station[CONFIG_STATIONS_MAX];
};

/* The defaults, complete. */
#define SERVER_CONFIG_DEFAULT                                                                                \
    {                                                                                                        \
        .listen = "127.0.0.1:8000", .max_listeners = 1000, .max_per_address = 5, .attempts_per_minute = 10,  \
        .loops = 1, .max_connections_per_address = 32, .requests_per_minute = 600,                           \
        .buffer_tier = TIER_NORMAL, .burst_seconds = 3, .opus_bitrate = 96, .mp3_bitrate = 160,              \
        .station_count = 1, .station = {                                                                     \
            {.name = "main", .parameters = AURALIS_PARAMETERS_DEFAULT}                                       \
        }                                                                                                    \
    }

/* What was wrong: place is "FILE:LINE" (shortened at its start if long) or the key when there is no line. */
struct config_message {
    char place[160];
    char text[320];
};

/* Reads from memory; `name` stands for the file in messages. AURALIS_EFORMAT, AURALIS_EINVAL, AURALIS_ENOENT
 * (unknown key), AURALIS_ELIMIT, with `why` filled and `config` untouched. */
int config_read(const char *text, size_t length, const char *name, struct server_config *config,
                struct config_message *why);

/* Reads a file of at most CONFIG_FILE_MAX bytes; also AURALIS_ENOENT when it cannot be opened or read. */
int config_read_file(const char *path, struct server_config *config, struct config_message *why);

/* One global key, as an option of the command line would set it. */
int config_set(struct server_config *config, const char *key, const char *value, struct config_message *why);

/* Every key that is set in the environment: AURALIS_LISTEN, AURALIS_THREADS, …. */
int config_environment(struct server_config *config, struct config_message *why);

/* All of it as a file that says the same. Nothing in it is secret: tokens and keys are named by their files.
 */
void config_print(const struct server_config *config, FILE *to);

/* `listen` taken apart: host ("127.0.0.1", "::1", "*") and port 0–65,535 (0: any free one). */
int config_listen(const char *listen, char host[96], uint16_t *port);

#endif
