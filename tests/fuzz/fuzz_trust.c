/* Any bytes as what decides who may do what: a file of tokens, a list of origins, the headers of a stranger,
 * a playlist's address and that of an Icecast server. Nobody gets in by a token that does not stand there,
 * nor from an origin that no list names. */
#include "fuzz.h"

#include "server/address_limits.h"
#include "server/icecast_url.h"
#include "server/origin.h"
#include "server/playlists.h"
#include "server/tokens.h"

static void check_tokens(const char *text) {
    static struct tokens tokens;
    char why[256] = "";
    memset(&tokens, 0, sizeof tokens);
    if (tokens_add_text(&tokens, text, why, sizeof why) < 0) MUST(*why);
    MUST(tokens.count <= TOKENS_MAX);
    for (uint32_t i = 0; i < tokens.count; i++) {
        size_t length = strnlen(tokens.token[i], TOKEN_LONGEST);
        MUST(length >= TOKEN_SHORTEST && tokens_match(&tokens, tokens.token[i], length));
    }
    MUST(!tokens_match(&tokens, "!!!!!!!!!!!!!!!!!!!!", 20)); /* no token has such a character */
}

/* The text in up to three lines: the list, Host, Origin. */
static void check_origins(char *text) {
    struct refusal why = {.message = ""};
    char *host = strchr(text, '\n'), *origin = host ? strchr(host + 1, '\n') : NULL;
    if (!origin) return;
    *host++ = *origin++ = 0;
    bool valid = origin_list_valid(text);
    if (origin_check(text, "machine", host, origin, &why) < 0)
        MUST(*why.message);
    else if (valid && *origin && !origin_listed(text, origin)) {
        const char *from = strstr(origin, "//");
        MUST(*host && from && !strcasecmp(from + 2, host));
    }
    MUST(origin_check("", "machine", "evil.example", "http://evil.example", NULL) < 0);
}

static void check_addresses(const char *text) {
    struct address address;
    struct icecast_url url;
    struct refusal why;
    char playlist[PLAYLIST_MAX];
    const char *type = NULL, *query = strchr(text, '?');
    address_parse(text, &address);
    if (address_effective("10.0.0.1", text, "10.0.0.1", &address))
        MUST(!address_is_loopback(&address) || strchr(text, '1'));
    icecast_url_parse(text, &url);
    if (!playlist_owns(text)) return;
    if (playlist_write(text, query ? query + 1 : "", "http://a.example", playlist, &type, &why) == 0)
        MUST(type && strlen(playlist) < PLAYLIST_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    check_tokens(text);
    check_addresses(text);
    check_origins(text);
    free(text);
    return 0;
}
