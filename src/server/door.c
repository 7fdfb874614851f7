/* door.c — who may connect at all (see door.h).
 *
 * The trusted proxy is exempt from the count by address: everybody comes from there. Whom it speaks for is
 * counted where requests are read (gate.h). */
#include "server/door.h"

#include "base/monotonic.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool read_peer(int fd, struct address *out) {
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    char text[INET6_ADDRSTRLEN] = "";
    if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0) return false;
    const void *bytes = peer.ss_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)&peer)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)&peer)->sin_addr;
    return inet_ntop(peer.ss_family, bytes, text, sizeof text) && address_parse(text, out);
}

/* One who speaks TLS cannot read it, and need not. */
static void turn_away(int fd, bool secure) {
    static const char BUSY[] = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 10\r\n"
                               "content-type: application/json\r\ncontent-length: 100\r\n\r\n"
                               "{\"error\": {\"code\": \"SERVER_OVERLOAD\", "
                               "\"message\": \"there are too many connections\", \"details\": {}}}\r\n";
    if (!secure && send(fd, BUSY, sizeof BUSY - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) shutdown(fd, SHUT_WR);
    close(fd);
}

static bool admit(struct server *s, const struct address *address) {
    if (atomic_load(&s->connections) >= atomic_load(&s->max_connections)) return false;
    pthread_mutex_lock(&s->limits_lock);
    int verdict = address_limits_admit(s->sockets, address, (double)monotonic_now() * 1e-9, NULL);
    pthread_mutex_unlock(&s->limits_lock);
    return verdict == ADDRESS_ADMITTED;
}

bool door_enter(struct server *s, int fd, struct address *address) {
    memset(address, 0, sizeof *address);
    if (!read_peer(fd, address)) {
        close(fd); /* gone already */
        return false;
    }
    if (trust_is_proxy(s->trust, address)) memset(address, 0, sizeof *address), address->bytes[15] = 1;
    if (admit(s, address)) {
        atomic_fetch_add(&s->connections, 1);
        return true;
    }
    atomic_fetch_add_explicit(&s->metrics.refused, 1, memory_order_relaxed);
    turn_away(fd, *s->config->tls_certificate);
    return false;
}

void door_leave(struct server *s, const struct address *address) {
    atomic_fetch_sub(&s->connections, 1);
    pthread_mutex_lock(&s->limits_lock);
    address_limits_leave(s->sockets, address);
    pthread_mutex_unlock(&s->limits_lock);
}
