/*
 * Class: signals, cpu
 * Attacks: the end by a fault: the handler of SIGSEGV returns, so that the fault comes again; abort
 *   and terminate jump back to where they were called.
 * Invariant: a program that can't die of its faults meets its CPU limit.
 * Allowed: time_limit/cpu
 * Request: {"limits": {"cpu_ms": 500, "wall_ms": 20000}}
 * Prints: (fault\n)+
 */
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <unistd.h>

static sigjmp_buf back;
static int faults;

static void on_abort(int)
{
    siglongjmp(back, 1);
}

static void on_fault(int)
{
    if (faults++ > 100000)
        return; /* and it happens again */
    siglongjmp(back, 2);
}

int main()
{
    std::signal(SIGABRT, on_abort);
    struct sigaction action = {};
    action.sa_handler = on_fault;
    action.sa_flags = SA_NODEFER;
    const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (int number : numbers)
        sigaction(number, &action, nullptr);
    std::set_terminate([] { std::abort(); });
    if (sigsetjmp(back, 1) == 0 && write(1, "fault\n", 6) == 6)
        throw 1;
    for (volatile int *nowhere = nullptr;;)
        *nowhere = 1;
}
