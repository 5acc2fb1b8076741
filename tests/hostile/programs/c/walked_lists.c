/*
 * Class: kernel, leftovers
 * Attacks: lists that the kernel keeps for one file of the image, or for one device of the whole machine,
 *   and walks under a spinlock, once for each entry: locks, leases, notices of a folder, files that
 *   signal. Many processes with all their descriptors; then all of them are to be killed at once.
 * Invariant: no such list gets one entry, so no stage takes the kernel seconds to end.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 15
 * Bites: shared locks by the hundred
 */
#include "attack.h"

#include <linux/membarrier.h>
#include <sys/file.h>
#include <sys/ioctl.h>

enum { PROCESSES = 8, FILES = 240 }; /* enough to be told; more are hard to end where nothing protects */
static const char IMAGE[] = "/usr/bin/env", DEVICE[] = "/dev/urandom";

static long lock_shared(int file) { return flock(file, LOCK_SH); }
static long lease(int file) { return fcntl(file, F_SETLEASE, F_RDLCK); }
static long signals(int file) { return fcntl(file, F_SETFL, O_ASYNC); }

/* -1 when not one was put on the list, with why; else how many are. */
static long by_the_hundred(const char *path, long (*put)(int file))
{
    int ends[2], error, count = 0;
    if (pipe(ends) != 0)
        return 0;
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            for (int j = 0; j < FILES; j++) {
                int file = open(path, O_RDONLY);
                error = put(file) == 0 ? 0 : errno;
                if (write(ends[1], &error, sizeof error) < 0 || error != 0)
                    _exit(1);
            }
            pause();
        }
    close(ends[1]);
    while (count < PROCESSES && read(ends[0], &error, sizeof error) > 0 && error != 0)
        count++; /* as many refusals as processes */
    while (count == PROCESSES && wait(NULL) > 0)
        continue;
    if (count == PROCESSES)
        return errno = error, -1;
    return PROCESSES * FILES;
}

int main(void)
{
    int image = open(IMAGE, O_RDONLY), folder = open("/usr", O_RDONLY | O_DIRECTORY), on = 1;
    int device = open(DEVICE, O_RDONLY), mine = open("/work/mine", O_RDWR | O_CREAT, 0600);
    REFUSED("a lock on a file of the image", flock(image, LOCK_SH), EPERM);
    REFUSED("a lock on a file of one's own", flock(mine, LOCK_EX), EPERM);
    REFUSED("a lease on a file of the image", fcntl(image, F_SETLEASE, F_RDLCK), EPERM);
    REFUSED("a lease on a file of one's own", fcntl(mine, F_SETLEASE, F_WRLCK), EPERM);
    REFUSED("notices of a folder", fcntl(folder, F_NOTIFY, DN_ACCESS | DN_MULTISHOT), EPERM);
    REFUSED("a device that signals", fcntl(device, F_SETFL, O_ASYNC), EPERM);
    REFUSED("a device that signals, by ioctl", ioctl(device, FIOASYNC, &on), EPERM);
    REFUSED("an owner for signals", fcntl(device, F_SETOWN, getpid()), EPERM);
    REFUSED("a signal of one's own", fcntl(device, F_SETSIG, SIGUSR1), EPERM);
    REFUSED("waiting for all processors", syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0), EPERM);
    WORKS("a file that does not block", fcntl(device, F_SETFL, O_NONBLOCK) == 0);
    WORKS("as ioctl does it", ioctl(device, FIONBIO, &on) == 0);
    REFUSED("shared locks by the hundred", by_the_hundred(IMAGE, lock_shared), EPERM);
    REFUSED("leases by the hundred", by_the_hundred(IMAGE, lease), EPERM);
    REFUSED("signals by the hundred", by_the_hundred(DEVICE, signals), EPERM);
    return the_end();
}
