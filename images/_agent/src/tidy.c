/* SPDX-License-Identifier: MIT */
#include "tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "channel.h"
#include "child.h"
#include "clock.h"
#include "files.h"
#include "walk.h"

enum { TIDY_US = 5 * 1000 * 1000 };

static enum stage_kind dirty; /* 0: clean */

void tidy_mark(enum stage_kind kind)
{
    dirty = kind;
}

/* Removes the attributes and access lists that a program can set on its folder. */
static bool strip_attributes(const char *folder)
{
    static char names[65536]; /* the kernel's limit of such a list */
    ssize_t size = listxattr(folder, names, sizeof names);
    if (size < 0)
        return errno == ENOTSUP;
    for (const char *name = names; name < names + size; name += strlen(name) + 1) {
        bool settable = strncmp(name, "user.", 5) == 0 || strncmp(name, "system.", 7) == 0;
        if (settable && removexattr(folder, name) != 0)
            return false;
    }
    return true;
}

/* The folder itself belongs to the program too: everything on it starts anew. */
static bool reset_work(uid_t uid)
{
    if (chmod(WORK_FOLDER, 0700) != 0)
        return errno == ENOENT;
    return walk_wipe(WORK_FOLDER, uid) && strip_attributes(WORK_FOLDER) &&
           chmod(WORK_FOLDER, 0700) == 0 && utimensat(AT_FDCWD, WORK_FOLDER, NULL, 0) == 0;
}

/* In a child with the program's uid and nothing else; returns its exit status. */
static int tidy_as(uid_t uid, enum stage_kind kind)
{
    child_close_from(STDIN_FILENO);
    if (!identity_become(uid))
        return errno;
    bool done = walk_wipe("/tmp", uid) && walk_wipe("/dev/shm", uid) &&
                (kind == KIND_RUN ? reset_work(uid) : walk_seal(BUILD_FOLDER, uid));
    return done ? 0 : errno != 0 ? errno : EIO;
}

/* Waits for SIGCHLD, which is blocked, until the deadline. */
static void wait_for_child(pid_t pid, int *status)
{
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    uint64_t deadline = clock_us() + TIDY_US;
    while (waitpid(pid, status, WNOHANG) == 0) {
        /* Short waits: a signal may have come, and been consumed, before. */
        struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        if (clock_us() > deadline)
            fail("cleaning up took too long");
        (void)sigtimedwait(&child_signal, NULL, &pause);
    }
}

void tidy(const struct identities *ids)
{
    if (dirty == 0)
        return;
    int status = 0;
    pid_t pid = fork();
    if (pid < 0)
        fail_errno("cannot clean up");
    if (pid == 0)
        _exit(tidy_as(dirty == KIND_RUN ? ids->run : ids->compile, dirty));
    wait_for_child(pid, &status);
    if (WIFSIGNALED(status))
        fail("cleaning up: signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        fail("cleaning up: %s", strerror(WEXITSTATUS(status)));
    dirty = 0;
}

void tidy_compilation(const struct identities *ids)
{
    if (dirty == KIND_COMPILE)
        tidy(ids);
}
