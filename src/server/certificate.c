/* certificate.c — the server's certificate and key (see certificate.h). */
#include "server/certificate.h"

#include <openssl/err.h>
#include <stdio.h>
#include <unistd.h>

static int explain(struct config_message *why, const char *place, const char *file, const char *text) {
    snprintf(why->place, sizeof why->place, "%s", place);
    snprintf(why->text, sizeof why->text, "%.200s: %.100s", file, text);
    return -1;
}

/* A key behind a passphrase is refused, rather than asked for on a terminal. */
static int no_passphrase(char *out, int size, int writing, void *self) {
    (void)out, (void)size, (void)writing, (void)self;
    return 0;
}

static int load(SSL_CTX *context, const struct server_config *c, struct config_message *why) {
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (access(c->tls_certificate, R_OK) ||
        SSL_CTX_use_certificate_chain_file(context, c->tls_certificate) != 1)
        return explain(why, "tls_certificate", c->tls_certificate, "this is no readable certificate in PEM");
    if (access(c->tls_key, R_OK) || SSL_CTX_use_PrivateKey_file(context, c->tls_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return explain(why, "tls_key", c->tls_key,
                       "this is no readable key in PEM, without a passphrase, that fits the certificate");
    return 0;
}

/* A context that holds both, and serves nobody; NULL with `why` filled. */
static SSL_CTX *read_files(const struct server_config *c, struct config_message *why) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int result = context ? load(context, c, why) : explain(why, "tls_certificate", "TLS", "out of memory");
    ERR_clear_error();
    if (result == 0) return context;
    SSL_CTX_free(context);
    return NULL;
}

int certificate_check(const struct server_config *c, struct config_message *why) {
    if (!*c->tls_certificate && !*c->tls_key) return 0;
    if (!*c->tls_key) return explain(why, "tls_certificate", c->tls_certificate, "tls_key is missing");
    if (!*c->tls_certificate) return explain(why, "tls_key", c->tls_key, "tls_certificate is missing");
    SSL_CTX *context = read_files(c, why);
    SSL_CTX_free(context);
    return context ? 0 : -1;
}

void certificate_init(struct certificate *certificate) {
    pthread_mutex_init(&certificate->lock, NULL);
}

void certificate_release(struct certificate *certificate) {
    SSL_CTX_free(certificate->current);
    pthread_mutex_destroy(&certificate->lock);
}

int certificate_renew(struct certificate *certificate, const struct server_config *c,
                      struct config_message *why) {
    if (!*c->tls_certificate) return 0;
    SSL_CTX *read = read_files(c, why);
    if (!read) return -1;
    pthread_mutex_lock(&certificate->lock);
    SSL_CTX *before = certificate->current;
    certificate->current = read;
    atomic_fetch_add(&certificate->number, 1);
    pthread_mutex_unlock(&certificate->lock);
    SSL_CTX_free(before);
    return 0;
}

void certificate_fetch(struct certificate *certificate, SSL_CTX *context, uint32_t *seen) {
    STACK_OF(X509) *chain = NULL;
    if (atomic_load(&certificate->number) == *seen || pthread_mutex_trylock(&certificate->lock)) return;
    SSL_CTX *read = certificate->current;
    SSL_CTX_get0_chain_certs(read, &chain);
    if (SSL_CTX_use_cert_and_key(context, SSL_CTX_get0_certificate(read), SSL_CTX_get0_privatekey(read),
                                 chain, 1) == 1)
        *seen = atomic_load(&certificate->number);
    ERR_clear_error();
    pthread_mutex_unlock(&certificate->lock);
}

void certificate_use(const struct server_config *c, struct lws_context_creation_info *info) {
    if (!*c->tls_certificate) return;
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info->ssl_cert_filepath = c->tls_certificate;
    info->ssl_private_key_filepath = c->tls_key;
    info->ssl_options_set = (long)(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION);
    info->alpn = "h2,http/1.1";
}
