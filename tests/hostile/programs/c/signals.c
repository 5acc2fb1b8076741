/*
 * Class: signals
 * Attacks: the agent's life, with every signal there is and every call that sends one.
 * Invariant: no program can stop, suspend or wake the agent; EPERM for each.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 394
 * Bites: kill(1, 0)
 */
#include "attack.h"

static siginfo_t forged(int signal)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    return info;
}

int main(void)
{
    char what[64];
    for (int signal = 0; signal <= 64; signal++) {
        siginfo_t info = forged(signal);
        snprintf(what, sizeof what, "kill(1, %d)", signal);
        REFUSED(what, kill(1, signal), EPERM);
        snprintf(what, sizeof what, "tkill(1, %d)", signal);
        REFUSED(what, syscall(SYS_tkill, 1, signal), EPERM);
        snprintf(what, sizeof what, "tgkill(1, 1, %d)", signal);
        REFUSED(what, syscall(SYS_tgkill, 1, 1, signal), EPERM);
        snprintf(what, sizeof what, "rt_sigqueueinfo(1, %d)", signal);
        REFUSED(what, syscall(SYS_rt_sigqueueinfo, 1, signal, &info), EPERM);
        snprintf(what, sizeof what, "rt_tgsigqueueinfo(1, 1, %d)", signal);
        REFUSED(what, syscall(SYS_rt_tgsigqueueinfo, 1, 1, signal, &info), EPERM);
    }
    int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
    for (int signal = 0; pidfd >= 0 && signal <= 64; signal++) {
        snprintf(what, sizeof what, "pidfd_send_signal(1, %d)", signal);
        REFUSED(what, syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0), EPERM);
    }
    REFUSED("pidfd_send_signal to the group", syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 4),
            EPERM, EINVAL, ESRCH);
    REFUSED("kill(-1) of the agent's group", kill(-getpgid(1), SIGKILL), EPERM, ESRCH);
    REFUSED("joining the agent's group", setpgid(0, getpgid(1)));
    WORKS("signals to oneself", kill(getpid(), 0) == 0);
    return the_end();
}
