/*
 * Class: kernel
 * Attacks: rare ways of common calls that breaches began with: out-of-band data on AF_UNIX, error queues,
 *   clone with namespaces, with ptrace, as the parent's child, personalities, locks of ranges.
 * Invariant: each call does what programs need of it, and nothing else.
 * Allowed: accepted
 * With: attack.h
 * Tries: 27
 * Bites: out-of-band data
 */
#include "attack.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

static long make(unsigned long flags)
{
    long child = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid((pid_t)child, NULL, __WALL);
    return child;
}

int main(void)
{
    int ends[2];
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr one = {.msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr several = {.msg_hdr = one};
    struct flock range = {.l_type = F_RDLCK};
    WORKS("a pair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    REFUSED("out-of-band data", send(ends[0], &byte, 1, MSG_OOB), EPERM);
    REFUSED("by sendmsg", sendmsg(ends[0], &one, MSG_OOB), EPERM);
    REFUSED("by sendmmsg", sendmmsg(ends[0], &several, 1, MSG_OOB), EPERM);
    WORKS("ordinary data", send(ends[0], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1);
    REFUSED("reading out-of-band data", recv(ends[1], &byte, 1, MSG_OOB), EPERM);
    REFUSED("by recvmsg", recvmsg(ends[1], &one, MSG_OOB), EPERM);
    REFUSED("by recvmmsg", recvmmsg(ends[1], &several, 1, MSG_OOB, NULL), EPERM);
    REFUSED("an error queue", recvmsg(ends[1], &one, MSG_ERRQUEUE), EPERM);
    REFUSED("data without a copy", send(ends[0], &byte, 1, MSG_ZEROCOPY), EPERM);
    REFUSED("looking first", recv(ends[1], &byte, 1, MSG_PEEK | MSG_DONTWAIT), EPERM);
    REFUSED("where the mark is", ioctl(ends[1], SIOCATMARK, &byte), EPERM);
    REFUSED("the folder of a socket", ioctl(ends[1], 0x89e0, 0), EPERM);
    WORKS("a child", make(0) > 0);
    REFUSED("a child in a namespace of users", make(CLONE_NEWUSER), EPERM);
    REFUSED("of mounts", make(CLONE_NEWNS), EPERM);
    REFUSED("of control groups", make(CLONE_NEWCGROUP), EPERM);
    REFUSED("of networks", make(CLONE_NEWNET), EPERM);
    REFUSED("of processes", make(CLONE_NEWPID), EPERM);
    REFUSED("a sibling", make(CLONE_PARENT), EPERM);
    REFUSED("a child to be traced", make(CLONE_PTRACE), EPERM);
    REFUSED("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS);
    WORKS("which personality", personality(0xffffffff) == 0);
    REFUSED("no random addresses", personality(ADDR_NO_RANDOMIZE), EPERM);
    REFUSED("memory at 0", personality(MMAP_PAGE_ZERO), EPERM);
    REFUSED("whether a range is locked", fcntl(open("/usr/bin/env", O_RDONLY), F_GETLK, &range), EPERM);
    WORKS("a name", prctl(PR_SET_NAME, "mine", 0, 0, 0) == 0);
    return the_end();
}
