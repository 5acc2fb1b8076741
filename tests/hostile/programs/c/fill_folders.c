/*
 * Class: disk
 * Attacks: disk space: every folder that can be written to, filled by writing, by fallocate, and by
 *   a file whose name is gone.
 * Invariant: what a job can write is within its memory limit, and half of that.
 * Allowed: accepted
 * Request: {"limits": {"memory_mb": 64}}
 * With: attack.h
 * Tries: 11
 * Hits: disk
 */
#include "attack.h"

#include <sys/statvfs.h>

enum { BLOCK = 1 << 16 };
static long written;

/* Fills the folder with files of their own or nameless ones; the last error. */
static int fill(const char *folder, int nameless)
{
    static const char block[BLOCK];
    char path[64];
    for (int number = 0;; number++) {
        snprintf(path, sizeof path, "%s/fill%d-%d", folder, nameless, number);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0)
            return -1;
        if (nameless)
            unlink(path);
        for (int i = 0; i < 16; i++) {
            if (fallocate(file, 0, (long)i * BLOCK, BLOCK) != 0 || write(file, block, BLOCK) != BLOCK)
                return -1;
            written += BLOCK;
        }
        if (!nameless)
            close(file);
    }
}

int main(void)
{
    const char *const folders[] = {"/work", "/tmp", "/dev/shm"};
    const char *const others[] = {"/", "/build", "/dev", "/proc", "/sys", "/sandbox", "/run"};
    char what[64];
    for (int i = 0; i < 3; i++) {
        snprintf(what, sizeof what, "more in %s", folders[i]);
        REFUSED(what, fill(folders[i], i == 1), ENOSPC);
    }
    for (int i = 0; i < 7; i++) {
        snprintf(what, sizeof what, "anything in %s", others[i]);
        REFUSED(what, fill(others[i], 0), EACCES, EPERM, EROFS, ENOENT);
    }
    WORKS("it was something, and at most half of the memory", written > 4 << 20 && written <= 32 << 20);
    return the_end();
}
