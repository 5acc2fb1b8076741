/*
 * Class: processes
 * Attacks: the number of threads: each is a thing to schedule, with a stack of its own.
 * Invariant: threads count as processes do, and all of them end.
 * Allowed: accepted
 * Request: {"compile_args": ["-pthread"], "limits": {"processes": 32}}
 * With: attack.h
 * Tries: 2
 * Hits: processes
 */
#include "attack.h"

#include <pthread.h>

static void *idle(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

int main(void)
{
    pthread_attr_t small;
    pthread_t thread;
    int count = 1, error = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16384);
    while (count < 10000 && (error = pthread_create(&thread, &small, idle, NULL)) == 0)
        count++;
    REFUSED("one more thread", (errno = error, error != 0 ? -1 : 0), EAGAIN);
    WORKS("32 of them, this one included", count == 32);
    return the_end();
}
