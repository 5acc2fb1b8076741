/*
 * Class: inodes, leftovers
 * Attacks: whoever has to clean up: ten thousand folders in each other, if there is room, so that no
 *   path reaches the last one, with links in a ring on the way.
 * Invariant: the sandbox ends as fast as any other.
 * Allowed: accepted
 * With: attack.h
 * Tries: 4
 * Within: 30
 */
#include "attack.h"

static int dig(const char *begin)
{
    int depth = 0;
    if (chdir(begin) != 0)
        return -1;
    while (depth < 10000 && mkdir("d", 0700) == 0 && chdir("d") == 0) {
        depth++;
        if (depth % 100 == 0 && (symlink("../d", "ring") != 0 || chmod("..", 0) != 0))
            break;
    }
    return depth;
}

int main(void)
{
    char path[8192];
    int work = dig("/work");
    WORKS("deep in /work", work > 1500);
    REFUSED("its name", syscall(SYS_getcwd, path, 4096) < 0 ? -1 : 0, ERANGE, ENAMETOOLONG, EACCES);
    WORKS("deep in /tmp", dig("/tmp") > 1000);
    WORKS("deep in /dev/shm", dig("/dev/shm") > 100);
    return the_end();
}
