/*
 * Class: limits, files
 * Attacks: the program's own limits: open files, file size, core files.
 * Invariant: limits can't be talked round: what is set is the hard limit; lowering works, and then
 *   bites.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 16
 */
#include "attack.h"

#include <sys/resource.h>

static const struct {
    const char *name;
    int limit;
} limits[] = {{"open files", RLIMIT_NOFILE}, {"file size", RLIMIT_FSIZE}, {"core", RLIMIT_CORE}};

static int raise_hard(int limit, rlim_t to)
{
    return setrlimit(limit, &(struct rlimit){to, to});
}

static int opens(void)
{
    int count = 0;
    while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        count++;
    return count;
}

int main(void)
{
    char what[64];
    struct rlimit now;
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        getrlimit(limits[i].limit, &now);
        snprintf(what, sizeof what, "%s: soft is hard", limits[i].name);
        WORKS(what, now.rlim_cur == now.rlim_max && now.rlim_max != RLIM_INFINITY);
        snprintf(what, sizeof what, "%s: one more", limits[i].name);
        REFUSED(what, raise_hard(limits[i].limit, now.rlim_max + 1), EPERM);
        snprintf(what, sizeof what, "%s: no limit", limits[i].name);
        REFUSED(what, raise_hard(limits[i].limit, RLIM_INFINITY), EPERM);
        snprintf(what, sizeof what, "%s: by prlimit of oneself", limits[i].name);
        now.rlim_cur = now.rlim_max += 1;
        REFUSED(what, syscall(SYS_prlimit64, getpid(), limits[i].limit, &now, NULL), EPERM);
    }
    WORKS("stack: no limit, as it is memory", raise_hard(RLIMIT_STACK, RLIM_INFINITY) == 0);
    WORKS("256 files are open, not one more", opens() + 3 == 256);
    WORKS("lowering", raise_hard(RLIMIT_NOFILE, 16) == 0);
    REFUSED("back to what it was", raise_hard(RLIMIT_NOFILE, 256), EPERM);
    return the_end();
}
