/*
 * Class: disk, kernel
 * Attacks: the pages of the image's files, which all sandboxes share: they are thrown out, passed by,
 *   aged, or asked for; each is a neighbour's compiler that has to come from the disk again, or a
 *   bit from one job to another. And the disk itself, by emptying its cache or reading past ours.
 * Invariant: what others have in memory is neither changed nor told; a file is read as by read().
 * Allowed: accepted
 * With: attack.h
 * Tries: 26
 * Bites: throwing out a compiler
 */
#include "attack.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum { COLD = 20, PAGEOUT = 21, NOWAIT = 8, DONTCACHE = 0x80, CACHESTAT = 451, OPENAT2 = 437 };
static const char COMPILER[] = "/usr/bin/gcc";

int main(void)
{
    struct {
        unsigned long long flags, mode, resolve;
    } how = {O_RDONLY | O_DIRECT, 0, 0};
    unsigned long long range[2] = {0, 0}, figures[5];
    char bytes[4096];
    struct iovec part = {bytes, sizeof bytes};
    int file = open(COMPILER, O_RDONLY), mounted = open("/etc/hostname", O_RDONLY);
    int mine = open("/work/mine", O_RDWR | O_CREAT, 0600);
    char *map = mmap(NULL, sizeof bytes, PROT_READ, MAP_SHARED, file, 0);
    char *host = mmap(NULL, sizeof bytes, PROT_READ, MAP_SHARED, mounted, 0);
    WORKS("reading", read(file, bytes, sizeof bytes) == sizeof bytes && map[0] == bytes[0]);
    WORKS("reading by preadv2", preadv2(file, &part, 1, 0, 0) == sizeof bytes);
    WORKS("advice that is kept", syscall(SYS_fadvise64, file, 0, 0, POSIX_FADV_SEQUENTIAL) == 0);
    REFUSED("throwing out a compiler", syscall(SYS_fadvise64, file, 0, 0, POSIX_FADV_DONTNEED), EPERM);
    REFUSED("throwing out a file of one's own", syscall(SYS_fadvise64, mine, 0, 0, POSIX_FADV_DONTNEED), EPERM);
    REFUSED("writing pages out", madvise(map, sizeof bytes, PAGEOUT), EPERM);
    REFUSED("ageing pages", madvise(map, sizeof bytes, COLD), EPERM);
    REFUSED("the same, of a process", syscall(440, -1, &part, 1, PAGEOUT, 0), EPERM);
    REFUSED("opening past the page cache", open(COMPILER, O_RDONLY | O_DIRECT), EPERM);
    REFUSED("the same by number", syscall(SYS_openat, AT_FDCWD, COMPILER, O_RDONLY | O_DIRECT), EPERM);
    REFUSED("the same by openat2", syscall(OPENAT2, AT_FDCWD, COMPILER, &how, sizeof how), ENOSYS);
    REFUSED("the same afterwards", fcntl(file, F_SETFL, O_DIRECT), EPERM);
    REFUSED("a read that keeps nothing", preadv2(file, &part, 1, 0, DONTCACHE), EPERM);
    REFUSED("a read that tells what is there", preadv2(file, &part, 1, 0, NOWAIT), EPERM);
    REFUSED("what is there", syscall(CACHESTAT, file, range, figures, 0), EPERM);
    REFUSED("reading ahead", readahead(file, 0, 1 << 20), EPERM);
    REFUSED("writing a range back", sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE), EPERM);
    REFUSED("writing all back", syscall(SYS_syncfs, mounted), EPERM);
    WORKS("fsync, which does nothing", fsync(mine) == 0 && fdatasync(mine) == 0);
    WORKS("nor on the engine's disk", fsync(mounted) == 0 && fdatasync(mounted) == 0);
    WORKS("nor by a mapping", msync(host, sizeof bytes, MS_SYNC) == 0);
    WORKS("it is not even looked at", fsync(INT_MAX) == 0);
    WORKS("asking whether an address is mapped", msync(map, sizeof bytes, MS_ASYNC) == 0);
    WORKS("giving a mapping back", madvise(map, sizeof bytes, MADV_DONTNEED) == 0 && map[0] == bytes[0]);
    REFUSED("locking more than a little", mlock(mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, file, 0), 1 << 20), ENOMEM, EPERM, EAGAIN);
    WORKS("locking a page", mlock(map, sizeof bytes) == 0);
    return the_end();
}
