/*
 * Class: io_uring
 * Attacks: the filter of system calls, by the one that does the work of others where no filter looks:
 *   a ring is made, in each way there is, and used.
 * Invariant: there are no rings, so that every call goes through the filter: EPERM.
 * Allowed: accepted
 * With: attack.h
 * Tries: 9
 * Bites: entering 0
 */
#include "attack.h"

#include <linux/io_uring.h>

static long ring(unsigned flags)
{
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = flags;
    return syscall(SYS_io_uring_setup, 8, &params);
}

int main(void)
{
    unsigned long context = 0;
    REFUSED("a ring", ring(0), EPERM);
    REFUSED("a ring that is polled by a thread of the kernel's", ring(IORING_SETUP_SQPOLL), EPERM);
    REFUSED("a ring that is disabled", ring(IORING_SETUP_R_DISABLED), EPERM);
    REFUSED("a ring with a queue for each", ring(IORING_SETUP_SUBMIT_ALL), EPERM);
    for (int fd = 0; fd < 3; fd++) {
        char what[32];
        snprintf(what, sizeof what, "entering %d", fd);
        REFUSED(what, syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0), EPERM);
    }
    REFUSED("registering", syscall(SYS_io_uring_register, 0, 0, NULL, 0), EPERM);
    REFUSED("the older kind", syscall(SYS_io_setup, 8, &context), EPERM);
    return the_end();
}
