/*
 * Class: disk
 * Attacks: the size of a file: a terabyte that takes no room, by each of the calls that make a file
 *   long; the signal for it is ignored.
 * Invariant: no file is larger than the limit, holes included.
 * Allowed: accepted
 * With: attack.h
 * Tries: 8
 */
#include "attack.h"

#include <sys/mman.h>

int main(void)
{
    const off_t huge = 1ll << 40;
    int file = open("huge", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int nameless = memfd_create("huge", MFD_CLOEXEC);
    signal(SIGXFSZ, SIG_IGN);
    REFUSED("ftruncate", ftruncate(file, huge), EFBIG);
    REFUSED("truncate", truncate("huge", huge), EFBIG);
    REFUSED("fallocate", fallocate(file, 0, huge, 1), EFBIG);
    REFUSED("fallocate, size kept", fallocate(file, FALLOC_FL_KEEP_SIZE, 0, huge), EFBIG, ENOSPC);
    REFUSED("a byte far out", pwrite(file, "x", 1, huge), EFBIG);
    REFUSED("a file without a name", ftruncate(nameless, huge), EFBIG);
    signal(SIGXFSZ, SIG_DFL);
    WORKS("/work is a small file system", ftruncate(file, 1 << 20) == 0);
    WORKS("a hole may be read", pread(file, (char[1]){1}, 1, 1 << 19) == 1);
    return the_end();
}
