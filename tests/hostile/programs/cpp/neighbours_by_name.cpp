/*
 * Class: network, quotas
 * Attacks: other jobs and the machine by what has a name and no folder: abstract Unix sockets, as
 *   containerd and X use them; the sockets of the engine; shared memory and queues by name.
 * Invariant: a sandbox's names are its own.
 * Allowed: accepted
 * With: attack.h
 * Tries: 11
 */
#include "attack.h"

#include <cstddef>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

static int call(const std::string &name, bool listen_there = false)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto where = reinterpret_cast<sockaddr *>(&address);
    if (fd < 0 || !listen_there)
        return fd < 0 ? fd : connect(fd, where, size);
    return bind(fd, where, size) == 0 ? listen(fd, 1) : -1;
}

static int sockets_seen()
{
    char line[512];
    int number = -1; /* a heading */
    FILE *file = fopen("/proc/net/unix", "re");
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr)
        number++;
    return file == nullptr ? 0 : number;
}

int main()
{
    const std::string nul(1, '\0');
    WORKS("no socket is seen", sockets_seen() <= 0);
    for (const char *path : {"/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
                             "/run/systemd/private", "/tmp/.X11-unix/X0"})
        REFUSED(path, call(path), ENOENT, EACCES);
    for (const char *name : {"/containerd-shim/moby", "/tmp/.X11-unix/X0", "/tmp/dbus-session"})
        REFUSED(name, call(nul + name), ECONNREFUSED);
    WORKS("a name of one's own", call(nul + "codebae-job", true) == 0);
    REFUSED("nobody else has it", call(nul + "codebae-neighbour"), ECONNREFUSED);
    return the_end();
}
