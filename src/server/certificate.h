/* certificate.h — the server's certificate and key, looked at before they are used. */
#ifndef AURALIS_SERVER_CERTIFICATE_H
#define AURALIS_SERVER_CERTIFICATE_H

#include "server/config.h"

#include <libwebsockets.h>

/* Whether both can be read and belong together, and neither stands alone. −1 with `why` filled. */
int certificate_check(const struct server_config *config, struct config_message *why);

/* What a context needs to speak TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1. Nothing without a certificate. */
void certificate_use(const struct server_config *config, struct lws_context_creation_info *info);

#endif
