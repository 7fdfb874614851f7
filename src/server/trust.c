/* trust.c — who may do what (see trust.h). */
#include "server/trust.h"
#include "server/origin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct trust {
    pthread_rwlock_t lock;
    struct tokens tokens;
    char origins[CONFIG_PATH_MAX], proxy[64], own_name[64];
};

struct trust *trust_create(void) {
    struct trust *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    pthread_rwlock_init(&t->lock, NULL);
    if (gethostname(t->own_name, sizeof t->own_name - 1)) *t->own_name = 0;
    return t;
}

void trust_destroy(struct trust *t) {
    if (!t) return;
    explicit_bzero(&t->tokens, sizeof t->tokens);
    pthread_rwlock_destroy(&t->lock);
    free(t);
}

static int explain(struct config_message *why, const char *place, const char *text) {
    snprintf(why->place, sizeof why->place, "%.*s", (int)sizeof why->place - 1, place);
    snprintf(why->text, sizeof why->text, "%s", text);
    return -1;
}

static int read_tokens(struct tokens *tokens, const struct server_config *config,
                       struct config_message *why) {
    char reason[256];
    const char *environment = getenv("AURALIS_TOKENS");
    if (environment && tokens_add_text(tokens, environment, reason, sizeof reason) < 0)
        return explain(why, "AURALIS_TOKENS", reason);
    if (*config->token_file && tokens_add_file(tokens, config->token_file, reason, sizeof reason) < 0)
        return explain(why, config->token_file, reason);
    if (*config->token_file && !tokens->count) return explain(why, config->token_file, "it holds no token");
    return 0;
}

int trust_configure(struct trust *t, const struct server_config *config, struct config_message *why) {
    struct tokens tokens = {0};
    int result = read_tokens(&tokens, config, why);
    if (result == 0) {
        pthread_rwlock_wrlock(&t->lock);
        t->tokens = tokens;
        strcpy(t->origins, config->allowed_origins);
        strcpy(t->proxy, config->trusted_proxy);
        pthread_rwlock_unlock(&t->lock);
    }
    explicit_bzero(&tokens, sizeof tokens);
    return result;
}

bool trust_address(struct trust *t, const struct caller *c, struct address *out) {
    pthread_rwlock_rdlock(&t->lock);
    bool known = address_effective(c->peer, c->forwarded, t->proxy, out);
    pthread_rwlock_unlock(&t->lock);
    return known;
}

bool trust_is_proxy(struct trust *t, const struct address *address) {
    struct address proxy;
    pthread_rwlock_rdlock(&t->lock);
    bool is = *t->proxy && address_parse(t->proxy, &proxy) && !memcmp(&proxy, address, sizeof proxy);
    pthread_rwlock_unlock(&t->lock);
    return is;
}

int trust_origin(struct trust *t, const struct caller *c, struct refusal *why) {
    pthread_rwlock_rdlock(&t->lock);
    int result = origin_check(t->origins, t->own_name, c->host, c->origin, why);
    pthread_rwlock_unlock(&t->lock);
    return result;
}

bool trust_reader(struct trust *t, const struct caller *c) {
    pthread_rwlock_rdlock(&t->lock);
    bool listed = *c->origin && origin_listed(t->origins, c->origin);
    pthread_rwlock_unlock(&t->lock);
    return listed;
}

/* The token that the caller shows, or NULL. */
static const char *shown_token(const struct caller *c, size_t *length) {
    static const char OFFERED[] = "auralis-token.";
    if (!strncasecmp(c->authorization, "bearer ", 7)) {
        const char *token = c->authorization + 7;
        token += strspn(token, " ");
        *length = strcspn(token, " ");
        return token;
    }
    for (const char *at = c->protocols; *at;) {
        size_t left = strcspn(at, ", ");
        if (left >= sizeof OFFERED - 1 && !strncmp(at, OFFERED, sizeof OFFERED - 1)) {
            *length = left - (sizeof OFFERED - 1);
            return at + sizeof OFFERED - 1;
        }
        at += left;
        at += strspn(at, ", ");
    }
    return NULL;
}

/* On this machine, as far as can be known: a proxy on it that speaks for others gives itself away. */
static bool is_local(const struct trust *t, const struct caller *c) {
    struct address peer, meant;
    if (!address_parse(c->peer, &peer) || !address_effective(c->peer, c->forwarded, t->proxy, &meant))
        return false;
    bool speaks_for_others = (c->via || *c->forwarded) && !memcmp(&peer, &meant, sizeof peer);
    return address_is_loopback(&meant) && !speaks_for_others;
}

static int control(const struct trust *t, const struct caller *c, struct refusal *why) {
    size_t length = 0;
    const char *token = shown_token(c, &length);
    if (!t->tokens.count) {
        if (is_local(t, c)) return 0;
        return refuse_with(why, REFUSAL_UNAUTHORIZED, NULL,
                           "without tokens in the server's configuration only its own machine may do this");
    }
    if (token && tokens_match(&t->tokens, token, length)) return 0;
    return refuse_with(why, REFUSAL_UNAUTHORIZED, "Authorization", "%s",
                       token ? "this is not one of the server's tokens"
                             : "this needs a token of the server: Authorization: Bearer …");
}

int trust_control(struct trust *t, const struct caller *c, struct refusal *why) {
    pthread_rwlock_rdlock(&t->lock);
    int result = control(t, c, why);
    pthread_rwlock_unlock(&t->lock);
    return result;
}
