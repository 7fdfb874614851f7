/* trust.h — who may do what: the one place that is asked before something is changed.
 *
 * Music is for everybody. Sockets and changes are only for pages of this server (origin.h). What belongs to
 * everybody (stations, saved presets) is changed by whoever shows a token (tokens.h); where there are none,
 * by whoever connects from this very machine. What came through a proxy comes from elsewhere, unless the
 * trusted proxy says otherwise.
 *
 * Can be given new settings while it is asked. Any thread. */
#ifndef AURALIS_SERVER_TRUST_H
#define AURALIS_SERVER_TRUST_H

#include "server/address_limits.h"
#include "server/config.h"
#include "server/tokens.h"

/* What a connection says about itself; "" for what it does not say. */
struct caller {
    char peer[64];           /* its address */
    char forwarded[256];     /* X-Forwarded-For */
    char host[256];          /* Host, or :authority */
    char origin[256];        /* Origin */
    char authorization[256]; /* Authorization: "Bearer …" */
    char protocols[512]; /* Sec-WebSocket-Protocol: "auralis-token.…" among them, where a page cannot send
                            the other */
    bool via;            /* it came through a proxy, whether or not it says for whom */
};

struct trust;

struct trust *trust_create(void); /* NULL without memory */
void trust_destroy(struct trust *trust);

/* Reads the tokens that `config` names and the environment holds, and takes all of it over. −1 with the
 * reason in `why` and nothing changed. */
int trust_configure(struct trust *trust, const struct server_config *config, struct config_message *why);

/* Whose limits count for it. False when its address cannot be read. */
bool trust_address(struct trust *trust, const struct caller *caller, struct address *out);

/* Whether it is the trusted proxy itself. */
bool trust_is_proxy(struct trust *trust, const struct address *address);

/* A socket, or a request that changes something: 0 or −REFUSAL_FORBIDDEN. */
int trust_origin(struct trust *trust, const struct caller *caller, struct refusal *why);

/* Whether its page may read the answers though it stands elsewhere. */
bool trust_reader(struct trust *trust, const struct caller *caller);

/* A change to what belongs to everybody: 0 or −REFUSAL_UNAUTHORIZED. */
int trust_control(struct trust *trust, const struct caller *caller, struct refusal *why);

#endif
