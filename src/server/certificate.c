/* certificate.c — the server's certificate and key (see certificate.h). */
#include "server/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <unistd.h>

static int explain(struct config_message *why, const char *place, const char *file, const char *text) {
    snprintf(why->place, sizeof why->place, "%s", place);
    snprintf(why->text, sizeof why->text, "%.200s: %.100s", file, text);
    return -1;
}

static int load(SSL_CTX *context, const struct server_config *c, struct config_message *why) {
    if (access(c->tls_certificate, R_OK) ||
        SSL_CTX_use_certificate_chain_file(context, c->tls_certificate) != 1)
        return explain(why, "tls_certificate", c->tls_certificate, "this is no readable certificate in PEM");
    if (access(c->tls_key, R_OK) || SSL_CTX_use_PrivateKey_file(context, c->tls_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return explain(why, "tls_key", c->tls_key,
                       "this is no readable key in PEM that fits the certificate");
    return 0;
}

int certificate_check(const struct server_config *c, struct config_message *why) {
    if (!*c->tls_certificate && !*c->tls_key) return 0;
    if (!*c->tls_key) return explain(why, "tls_certificate", c->tls_certificate, "tls_key is missing");
    if (!*c->tls_certificate) return explain(why, "tls_key", c->tls_key, "tls_certificate is missing");
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int result = context ? load(context, c, why) : explain(why, "tls_certificate", "TLS", "out of memory");
    SSL_CTX_free(context);
    ERR_clear_error();
    return result;
}

void certificate_use(const struct server_config *c, struct lws_context_creation_info *info) {
    if (!*c->tls_certificate) return;
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info->ssl_cert_filepath = c->tls_certificate;
    info->ssl_private_key_filepath = c->tls_key;
    info->ssl_options_set = (long)(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION);
    info->alpn = "h2,http/1.1";
}
