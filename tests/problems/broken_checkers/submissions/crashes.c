#include <signal.h>
#include <stdio.h>

int main(void)
{
    puts("7");
    return raise(SIGSEGV);
}
