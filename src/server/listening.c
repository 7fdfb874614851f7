/* listening.c — the listening socket (see listening.h). */
#include "server/listening.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value);
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static int bind_to(int fd, const struct addrinfo *address, bool shared) {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted sockets inherit it */
    if (address->ai_family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (shared && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) return -errno;
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) return -errno;
    return fd;
}

int listening_open(const char *host, uint16_t *port, bool shared) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *list;
    char service[8];
    bool any = !strcmp(host, "*");
    if (any) hints.ai_family = AF_INET;
    snprintf(service, sizeof service, "%u", *port);
    if (getaddrinfo(any ? NULL : host, service, &hints, &list)) return -EADDRNOTAVAIL;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = fd < 0 ? -errno : bind_to(fd, list, shared);
    freeaddrinfo(list);
    if (result < 0) {
        if (fd >= 0) close(fd);
        return result;
    }
    *port = port_of(fd);
    return fd;
}

static int hold_back(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int listening_accept(int fd, int *reserve) {
    if (*reserve < 0) *reserve = hold_back();
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0 || (errno != EMFILE && errno != ENFILE) || *reserve < 0) return accepted;
    close(*reserve);
    accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (accepted >= 0) close(accepted);
    *reserve = hold_back();
    return -1;
}
