/*
 * Class: proc, kernel, leftovers
 * Attacks: the machine's own measure of its load: a watch on it, which anybody may have, is a task for
 *   the kernel, and ending it takes the kernel so long that a process with 250 dies for seconds.
 * Invariant: no program has anything of the machine's watched, or reads how busy it is.
 * Allowed: accepted
 * With: attack.h
 * Tries: 6
 * Bites: a watch on /proc/pressure/cpu
 */
#include "attack.h"

static long watch(const char *path)
{
    int file = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return file < 0 ? -1 : write(file, "some 100000 2000000", 20);
}

static long look(const char *path)
{
    char text[8];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    long got = read(file, text, sizeof text);
    return got == 0 ? (errno = ENOENT, -1) : got; /* masked: it is there and empty */
}

int main(void)
{
    static const char *const files[] = {"/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io"};
    char what[64];
    for (int i = 0; i < 3; i++) {
        snprintf(what, sizeof what, "a watch on %s", files[i]);
        REFUSED(what, watch(files[i]), EACCES, EPERM, EROFS, ENOENT, EOPNOTSUPP);
        snprintf(what, sizeof what, "reading %s", files[i]);
        REFUSED(what, look(files[i]), EACCES, EPERM, ENOENT, EOPNOTSUPP);
    }
    return the_end();
}
