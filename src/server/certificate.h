/* certificate.h — the server's certificate and key: looked at before they are used, and read again while it
 * runs.
 *
 * A file may lie on a slow disk, for which no event loop may wait. So the clerk reads both files into memory,
 * and each loop fetches from there what is new. */
#ifndef AURALIS_SERVER_CERTIFICATE_H
#define AURALIS_SERVER_CERTIFICATE_H

#include "server/config.h"

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

/* Where the clerk lays what he has read. */
struct certificate {
    pthread_mutex_t lock;
    SSL_CTX *current;        /* holds it; NULL: nothing was read since the loops began */
    _Atomic uint32_t number; /* how often something was laid there */
};

void certificate_init(struct certificate *certificate);
void certificate_release(struct certificate *certificate);

/* Whether both can be read and belong together, and neither stands alone. −1 with `why` filled. Reads the
 * files. */
int certificate_check(const struct server_config *config, struct config_message *why);

/* What a context needs to speak TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1. Nothing without a certificate. */
void certificate_use(const struct server_config *config, struct lws_context_creation_info *info);

/* Reads the files again, for those who fetch. −1 with `why` filled and nothing changed. Nothing to do without
 * a certificate. The clerk's. */
int certificate_renew(struct certificate *certificate, const struct server_config *config,
                      struct config_message *why);

/* Puts what was read since number `*seen` into `context`, whose connections from now on show it. Never waits:
 * neither for a disk nor for the clerk, who is asked again next time. The thread of the context. */
void certificate_fetch(struct certificate *certificate, SSL_CTX *context, uint32_t *seen);

#endif
