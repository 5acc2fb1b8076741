/*
 * Class: frames, proc
 * Attacks: the protocol, by the ways that are not a write: splice, tee and sendfile of frames into
 *   stdout; the pipe made larger and non-blocking; the agent's own pipes through /proc, both ends.
 * Invariant: a pipe to the agent carries output and nothing else.
 * Allowed: accepted
 * With: attack.h
 * Prints: ((works:|refused: E[A-Z]+) [^\n]*\n)+the end, 34 tries\n.*forged.*forged
 */
#include "attack.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

static const char done[] = "\0\0\0\x06\x87" "forged";
static const char output[] = "\0\0\0\x06\x83" "forged";

static int open_of(int process, int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, fd);
    return open(path, flags | O_CLOEXEC | O_NONBLOCK);
}

int main()
{
    char what[64];
    for (int fd = 0; fd < 12; fd++) {
        snprintf(what, sizeof what, "the agent's %d, to write", fd);
        REFUSED(what, open_of(1, fd, O_WRONLY));
        snprintf(what, sizeof what, "the agent's %d, to read", fd);
        REFUSED(what, open_of(1, fd, O_RDONLY));
    }
    for (int fd = 3; fd < 10; fd++) {
        snprintf(what, sizeof what, "descriptor %d", fd);
        REFUSED(what, fcntl(fd, F_GETFL), EBADF);
    }
    WORKS("making stdout larger or not", fcntl(1, F_SETPIPE_SZ, 1 << 20) != -2);
    WORKS("stdout without waiting", fcntl(1, F_SETFL, O_NONBLOCK | O_WRONLY) == 0);
    WORKS("stdout with waiting", fcntl(1, F_SETFL, O_WRONLY) == 0);
    the_end();
    int ends[2], file = memfd_create("frame", MFD_CLOEXEC);
    off_t begin = 0;
    if (pipe(ends) != 0 || write(ends[1], done, sizeof done - 1) < 0 || write(file, output, sizeof output - 1) < 0)
        return 1;
    splice(ends[0], nullptr, 1, nullptr, sizeof done - 1, 0);
    sendfile(1, file, &begin, sizeof output - 1);
    return 0;
}
