/* SPDX-License-Identifier: MIT */
#include "starved.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "walk.h"

enum {
    OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
    PLACES = 4096,   /* a power of two */
    TRIED = 8,       /* places where a thread may be kept */
    COST_SHARE = 50, /* of the time, looking takes at most one part in so many */
};

/* A thread that was seen. */
struct thread {
    uint32_t tid;
    uint32_t seen; /* in which look, the last time */
    uint64_t base_us;
    uint64_t counted_us;
};

static struct thread threads[PLACES];
static int processes = -1;       /* /proc */
static int program = -1;         /* schedstat of the program's first thread */
static uint32_t program_tid;
static uint32_t look;            /* counted over all stages; 0: never */
static uint32_t first_look;      /* of this stage */
static uint64_t looked_us;       /* when the last look began, on clock_us() */
static uint64_t found_us;
static uint64_t spent_us;        /* CPU time used, and time held back by the quota */
static uint64_t before_us;       /* found and spent together, as of the look before */
static uint64_t throttled_us;    /* when the stage began */
static uint64_t since_us;        /* how long ago that was */
static uint64_t next_us;

uint64_t starved_us(void)
{
    return found_us;
}

void starved_begin(void)
{
    found_us = spent_us = before_us = next_us = 0;
    first_look = look + 1;
    looked_us = clock_us();
    throttled_us = processes >= 0 ? cgroup_read(COUNTER_THROTTLED) : 0;
}

/* Reads how long a thread ran and waited, in us; false if it is gone. */
static bool read_times(int file, uint64_t *ran_us, uint64_t *waited_us)
{
    char text[96], *rest;
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    if (size <= 0)
        return false;
    text[size] = '\0';
    *ran_us = strtoull(text, &rest, 10) / 1000;
    *waited_us = strtoull(rest, NULL, 10) / 1000;
    return true;
}

static bool read_thread(const char *pid, const char *tid, uint64_t *ran_us, uint64_t *waited_us)
{
    char path[64];
    snprintf(path, sizeof path, "%.20s/task/%.20s/schedstat", pid, tid);
    int file = openat(processes, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool is_there = read_times(file, ran_us, waited_us);
    close(file);
    return is_there;
}

void starved_unfollow(void)
{
    if (program >= 0)
        close(program);
    program = -1;
}

void starved_follow(pid_t pid)
{
    char path[32];
    uint64_t ran_us, waited_us;
    starved_unfollow();
    if (processes < 0)
        return;
    snprintf(path, sizeof path, "%d/schedstat", (int)pid);
    program = openat(processes, path, O_RDONLY | O_CLOEXEC);
    program_tid = (uint32_t)pid;
    /* The kernel takes memory for the first reading, and keeps it for those that follow. */
    if (program >= 0)
        (void)read_times(program, &ran_us, &waited_us);
}

/* The place of a thread: where it was kept, else a free one, else none. */
static struct thread *find_place(uint32_t tid)
{
    struct thread *free_one = NULL;
    for (uint32_t i = 0; i < TRIED; i++) {
        struct thread *place = &threads[(tid + i) % PLACES];
        bool is_kept = place->seen + 1 >= look && place->seen >= first_look;
        if (is_kept && place->tid == tid)
            return place;
        if (!is_kept && free_one == NULL)
            free_one = place;
    }
    if (free_one != NULL)
        *free_one = (struct thread){.tid = tid};
    return free_one;
}

/*
 * A thread that was not there at the last look has been born since: all of its
 * time lies after what had been found by then, and after what had been spent.
 * One that has more of it had been overlooked.
 */
static void note_thread(uint32_t tid, uint64_t counted_us, uint64_t *most_us)
{
    struct thread *thread = find_place(tid);
    if (thread == NULL)
        return; /* and it finds nothing */
    if (thread->seen == 0 || counted_us < thread->counted_us)
        thread->base_us = counted_us <= since_us ? before_us : 0;
    thread->seen = look;
    thread->counted_us = counted_us;
    uint64_t sum_us = thread->base_us + counted_us;
    if (sum_us > spent_us && sum_us - spent_us > *most_us)
        *most_us = sum_us - spent_us;
}

static void look_at_thread(const char *pid, const char *tid, uint64_t *most_us)
{
    uint64_t ran_us, waited_us;
    if (read_thread(pid, tid, &ran_us, &waited_us))
        note_thread((uint32_t)strtoul(tid, NULL, 10), ran_us + waited_us, most_us);
}

static void look_at_program(uint64_t *most_us)
{
    uint64_t ran_us, waited_us;
    if (read_times(program, &ran_us, &waited_us))
        note_thread(program_tid, ran_us + waited_us, most_us);
}

typedef void visitor(const char *pid, const char *name, uint64_t *most_us);

static void look_at_process(const char *parent, const char *pid, uint64_t *most_us);

/* Visits what is named by a number in a folder below /proc. */
static void visit(const char *path, const char *pid, visitor *each, uint64_t *most_us)
{
    _Alignas(struct walk_entry) char buffer[4096];
    int folder = openat(processes, path, OPEN_FOLDER);
    if (folder < 0)
        return;
    for (long size; (size = walk_read(folder, buffer, sizeof buffer)) > 0;) {
        for (long at = 0; at < size;) {
            const struct walk_entry *entry = (const void *)(buffer + at);
            at += entry->size;
            if (entry->name[0] >= '0' && entry->name[0] <= '9')
                each(pid, entry->name, most_us);
        }
    }
    close(folder);
}

static void look_at_process(const char *parent, const char *pid, uint64_t *most_us)
{
    char path[32];
    (void)parent;
    if (strtoul(pid, NULL, 10) == 1)
        return; /* the agent */
    snprintf(path, sizeof path, "%.20s/task", pid);
    visit(path, pid, look_at_thread, most_us);
}

static uint64_t own_cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Whether there is nothing but the agent and the program's first thread. */
static bool is_alone(void)
{
    return program >= 0 && cgroup_has(COUNTER_TASKS) && cgroup_read(COUNTER_TASKS) <= 2;
}

void starved_look(uint64_t cpu_us, bool at_once)
{
    if (processes < 0 || (!at_once && clock_us() < next_us))
        return;
    bool alone = is_alone();
    if (!alone && !cgroup_has_room())
        return;
    uint64_t began_us = own_cpu_us(), most_us = found_us;
    look++;
    since_us = clock_us() - looked_us;
    looked_us += since_us;
    spent_us = cpu_us + (cgroup_read(COUNTER_THROTTLED) - throttled_us);
    if (alone)
        look_at_program(&most_us);
    else
        visit(".", NULL, look_at_process, &most_us);
    found_us = most_us;
    before_us = found_us + spent_us;
    next_us = clock_us() + (own_cpu_us() - began_us) * COST_SHARE;
}

/* Whether the kernel counts: where it does not, all is 0. */
static bool counts(void)
{
    uint64_t ran_us, waited_us;
    return cgroup_has(COUNTER_THROTTLED) && read_thread("1", "1", &ran_us, &waited_us) &&
           ran_us != 0;
}

void starved_open(void)
{
    processes = open("/proc", OPEN_FOLDER);
    if (processes >= 0 && !counts()) {
        close(processes);
        processes = -1;
    }
}
