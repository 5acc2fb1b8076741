/*
 * Class: network
 * Attacks: the network, and the socket families that lead elsewhere than to one.
 * Invariant: no program reaches the network, the host or another job: EPERM for every family but
 *   Unix and IP, from seccomp, since the kernel would load modules; EPERM or EACCES for raw
 *   sockets, ENETUNREACH for every address but one's own; or EPERM for all IP.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 157
 */
#include "attack.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const char *const addresses[] = {"172.17.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254",
                                        "8.8.8.8", "255.255.255.255", "224.0.0.1"};

static struct sockaddr_in address_of(const char *text, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

static int reach(const char *text, int type, int port)
{
    struct sockaddr_in address = address_of(text, port);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static int reach_v6(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    inet_pton(AF_INET6, text, &address.sin6_addr);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int configure(unsigned long request, short flags)
{
    struct ifreq interface = {.ifr_name = "lo"};
    interface.ifr_flags = flags;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? -1 : ioctl(fd, request, &interface);
}

static int only_loopback(void)
{
    char line[512];
    int number = 0, others = 0;
    FILE *file = fopen("/proc/net/dev", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        others += ++number > 2 && strncmp(line + strspn(line, " "), "lo:", 3) != 0;
    return number > 2 && others == 0;
}

static int no_route(void)
{
    char line[512];
    int number = 0;
    FILE *file = fopen("/proc/net/route", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        number++;
    return number <= 1; /* a heading, at most */
}

static int loopback_works(void)
{
    struct sockaddr_in address = address_of("127.0.0.1", 0);
    socklen_t size = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0)
        return errno == EPERM;
    return bind(server, (struct sockaddr *)&address, size) == 0 && listen(server, 1) == 0 &&
           getsockname(server, (struct sockaddr *)&address, &size) == 0 &&
           connect(client, (struct sockaddr *)&address, size) == 0;
}

int main(void)
{
    char what[64];
    int pair[2];
    for (int family = 0; family <= 46; family++) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6)
            continue;
        snprintf(what, sizeof what, "socket of family %d", family);
        REFUSED(what, socket(family, SOCK_DGRAM, 0), EPERM);
        snprintf(what, sizeof what, "raw socket of family %d", family);
        REFUSED(what, socket(family, SOCK_RAW, 0), EPERM);
        snprintf(what, sizeof what, "socketpair of family %d", family);
        REFUSED(what, socketpair(family, SOCK_STREAM, 0, pair), EPERM);
    }
    REFUSED("raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM, EACCES);
    REFUSED("raw IPv6 socket", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM, EACCES);
    REFUSED("packet socket of old", socket(AF_INET, SOCK_PACKET, 0x300), EPERM, EACCES,
            ESOCKTNOSUPPORT);
    for (unsigned i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        snprintf(what, sizeof what, "UDP to %s", addresses[i]);
        REFUSED(what, reach(addresses[i], SOCK_DGRAM, 53), ENETUNREACH, EACCES, EPERM);
        snprintf(what, sizeof what, "TCP to %s", addresses[i]);
        REFUSED(what, reach(addresses[i], SOCK_STREAM, 80), ENETUNREACH, EACCES, EPERM);
    }
    REFUSED("UDP to 2001:4860:4860::8888", reach_v6("2001:4860:4860::8888"), ENETUNREACH,
            EADDRNOTAVAIL, EAFNOSUPPORT, EPERM);
    REFUSED("taking lo down", configure(SIOCSIFFLAGS, 0));
    REFUSED("the engine on loopback", reach("127.0.0.1", SOCK_STREAM, 2375), ECONNREFUSED, EPERM);
    REFUSED("our server on loopback", reach("127.0.0.1", SOCK_STREAM, 3000), ECONNREFUSED, EPERM);
    WORKS("there is only loopback", only_loopback());
    WORKS("there is no route", no_route());
    WORKS("loopback, if there are such sockets", loopback_works());
    WORKS("a pair of Unix sockets", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    return the_end();
}
