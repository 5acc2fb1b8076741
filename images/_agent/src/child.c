/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "identity.h"

/* What a child that can't go on tells the agent. */
struct failure {
    int error;
    bool executing; /* false: the agent's own preparations failed */
};

enum { REPORT_FD = 3, DESCRIPTORS_MAX = 256 };

/* Each pipe: read end, write end. */
struct pipes {
    int input[2];
    int output[2];
    int errors[2];
    int report[2];
};

void child_close_from(int first)
{
    if (syscall(SYS_close_range, first, ~0u, 0) == 0)
        return;
    /* An older kernel; the agent itself never has more than a few. */
    for (int fd = first; fd < DESCRIPTORS_MAX; fd++)
        close(fd);
}

static _Noreturn void give_up(int report, bool executing)
{
    struct failure failure = {.error = errno, .executing = executing};
    (void)!write(report, &failure, sizeof failure);
    _exit(127);
}

static const char *find_path(char *const *envp)
{
    for (; *envp != NULL; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0)
            return *envp + 5;
    return "/usr/local/bin:/usr/bin:/bin";
}

/*
 * Executes argv[0], looked for in the stage's PATH (its empty parts are
 * skipped) unless it has a slash. Returns only if that failed, with errno: of
 * the last candidate that was there at all, else ENOENT.
 */
static void execute(char *const *argv, char *const *envp)
{
    static char candidate[4096];
    if (strchr(argv[0], '/') != NULL) {
        execve(argv[0], argv, envp);
        return;
    }
    int error = ENOENT;
    const char *path = argv[0][0] != '\0' ? find_path(envp) : "";
    while (*path != '\0') {
        int length = (int)strcspn(path, ":");
        int size = snprintf(candidate, sizeof candidate, "%.*s/%s", length, path, argv[0]);
        if (length > 0 && size > 0 && (size_t)size < sizeof candidate) {
            execve(candidate, argv, envp);
            if (errno != ENOENT && errno != ENOTDIR)
                error = errno;
        }
        path += length + (path[length] == ':');
    }
    errno = error;
}

/* So that the kernel, out of memory, prefers programs to the agent. Best effort. */
static void volunteer_for_oom(void)
{
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* else the file would belong to root */
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)!write(file, "1000", 4);
        close(file);
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* execve will allow it again */
}

/* Puts the pipes to their numbers and closes everything else. */
static bool arrange_descriptors(const struct pipes *pipes)
{
    if (dup2(pipes->input[0], STDIN_FILENO) < 0 || dup2(pipes->output[1], STDOUT_FILENO) < 0 ||
        dup2(pipes->errors[1], STDERR_FILENO) < 0)
        return false;
    if (pipes->report[1] != REPORT_FD && dup3(pipes->report[1], REPORT_FD, O_CLOEXEC) < 0)
        return false;
    child_close_from(REPORT_FD + 1);
    return true;
}

static bool reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    for (int signal = 1; signal < NSIG; signal++)
        (void)sigaction(signal, &action, NULL); /* some can't be, and need not */
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/*
 * Only what is asked for now: the hard limit stays, so that a program may ask
 * for more itself. It is memory like any other, and counted as such.
 */
static bool limit_stack(uint32_t kb)
{
    struct rlimit limit;
    if (kb == 0)
        return true;
    if (getrlimit(RLIMIT_STACK, &limit) != 0)
        return false;
    rlim_t wanted = (rlim_t)kb * 1024;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    return setrlimit(RLIMIT_STACK, &limit) == 0;
}

static _Noreturn void run_child(const struct command *command, const struct pipes *pipes,
                                const char *folder, uid_t uid)
{
    volunteer_for_oom();
    if (!arrange_descriptors(pipes))
        give_up(pipes->report[1], false);
    umask(022);
    if (setsid() < 0 || !identity_become(uid) || chdir(folder) != 0 || !reset_signals() ||
        !limit_stack(command->stack_kb))
        give_up(REPORT_FD, false);
    execute(command->argv, command->envp);
    give_up(REPORT_FD, true);
}

/*
 * A pipe belongs to whom it is made for, so that programs can open /dev/stdin,
 * /dev/stdout and /dev/stderr.
 */
static void make_pipes(struct pipes *pipes, uid_t uid, uid_t agent)
{
    identity_use_for_files(uid);
    if (pipe2(pipes->input, O_CLOEXEC) != 0 || pipe2(pipes->output, O_CLOEXEC) != 0 ||
        pipe2(pipes->errors, O_CLOEXEC) != 0)
        fail_errno("pipe");
    identity_use_for_files(agent);
    if (pipe2(pipes->report, O_CLOEXEC) != 0)
        fail_errno("pipe");
}

/* Only the agent's ends: the flag belongs to an end, and programs expect to block. */
static void close_child_ends(const struct pipes *pipes)
{
    close(pipes->input[0]);
    close(pipes->output[1]);
    close(pipes->errors[1]);
    close(pipes->report[1]);
    if (fcntl(pipes->input[1], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(pipes->output[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(pipes->errors[0], F_SETFL, O_NONBLOCK) != 0)
        fail_errno("pipe");
}

/* Waits until the program is executed (0) or is known not to be (errno). */
static int await_execution(int report)
{
    struct failure failure;
    ssize_t size;
    do
        size = read(report, &failure, sizeof failure);
    while (size < 0 && errno == EINTR);
    close(report);
    if (size == 0)
        return 0;
    if (size != sizeof failure)
        fail("starting a program: no report");
    if (!failure.executing)
        fail("starting a program: %s", strerror(failure.error));
    return failure.error;
}

int child_spawn(const struct command *command, const char *folder, uid_t uid, uid_t agent,
                struct child *child)
{
    struct pipes pipes;
    make_pipes(&pipes, uid, agent);
    child->pid = fork();
    if (child->pid < 0)
        fail_errno("fork");
    if (child->pid == 0)
        run_child(command, &pipes, folder, uid);
    close_child_ends(&pipes);
    child->input = pipes.input[1];
    child->output = pipes.output[0];
    child->errors = pipes.errors[0];
    int error = await_execution(pipes.report[0]);
    if (error != 0) {
        waitpid(child->pid, NULL, 0);
        close(child->input);
        close(child->output);
        close(child->errors);
    }
    return error;
}
