/*
 * Class: kernel
 * Attacks: the filter itself, by the other two ways into an x86-64 kernel: 32-bit calls (int 0x80)
 *   and the x32 numbers, whose calls have other numbers.
 * Invariant: only the machine's own calls are answered: whoever tries is dead, or gets ENOSYS or
 *   EPERM.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 5
 */
#include "attack.h"

#ifdef __x86_64__
static long int80(long number)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory");
    return result;
}

static long x32(long number)
{
    return syscall(0x40000000 | number, 0, 0, 0);
}
#endif

/* The answer of one call made in a child: -1 with ESRCH if the child died of it. */
static long in_child(long (*call)(long), long number)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        long result = call(number);
        if (result == -1)
            result = -errno;
        _exit(result == -ENOSYS || result == -EPERM ? 0 : 1);
    }
    if (waitpid(child, &status, 0) != child)
        return 0;
    if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        errno = WIFSIGNALED(status) ? ESRCH : ENOSYS;
        return -1;
    }
    return 0;
}

int main(void)
{
#ifdef __x86_64__
    REFUSED("32-bit getpid", in_child(int80, 20), ESRCH, ENOSYS);
    REFUSED("32-bit ptrace", in_child(int80, 26), ESRCH, ENOSYS);
    REFUSED("32-bit keyctl", in_child(int80, 288), ESRCH, ENOSYS);
    REFUSED("x32 getpid", in_child(x32, 39), ESRCH, ENOSYS);
    REFUSED("x32 ptrace", in_child(x32, 521), ESRCH, ENOSYS);
#else
    for (int i = 0; i < 5; i++)
        REFUSED("this machine has no other way in", (errno = ENOSYS, -1L), ENOSYS);
#endif
    return the_end();
}
