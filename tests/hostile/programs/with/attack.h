/*
 * What attacks in C and C++ are written with (attack.py and Attack.java are the same in theirs).
 * Each try prints one line:
 *   refused: ERRNO what   it was refused, and for a reason that counts
 *   works: what           the same thing where it is allowed: the try itself is sound
 *   BROKEN: what ...      it got through, or failed for a reason that proves nothing
 * A program ends with "the end" and its number of tries; the test knows the number.
 */
#ifndef ATTACK_H
#define ATTACK_H
#ifndef _GNU_SOURCE /* g++ sets it itself */
#define _GNU_SOURCE /* so this comes before every other header */
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int tries;

/* `reasons` ends with 0; none at all means EPERM or EACCES. */
static void judge(const char *what, long result, int error, const int *reasons)
{
    static const int denied[] = {EPERM, EACCES, 0};
    tries++;
    if (reasons[0] == 0)
        reasons = denied;
    for (; result == -1 && *reasons != 0; reasons++)
        if (*reasons == error) {
            dprintf(1, "refused: %s %s\n", strerrorname_np(error), what);
            return;
        }
    if (result == -1)
        dprintf(1, "BROKEN: %s: %s\n", what, strerrorname_np(error));
    else
        dprintf(1, "BROKEN: %s: gave %ld\n", what, result);
}

/* The call must fail, with one of the errors named (EPERM or EACCES by default). */
#define REFUSED(what, call, ...)                                     \
    do {                                                             \
        const int reasons_[] = {__VA_ARGS__ __VA_OPT__(, ) 0};       \
        errno = 0;                                                   \
        long result_ = (long)(call);                                 \
        judge(what, result_, errno, reasons_);                       \
    } while (0)

/* The condition must hold. */
#define WORKS(what, condition)                                                \
    do {                                                                      \
        tries++;                                                              \
        errno = 0;                                                            \
        int holds_ = (condition);                                             \
        if (holds_)                                                           \
            dprintf(1, "works: %s\n", what);                                  \
        else                                                                  \
            dprintf(1, "BROKEN: %s does not work: %s\n", what, strerror(errno)); \
    } while (0)

static inline int the_end(void)
{
    dprintf(1, "the end, %d tries\n", tries);
    return 0;
}
#endif
