/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"

#define ROOT "/sys/fs/cgroup/"

/* Where a version keeps a counter: the sum of one or two keys of a file. */
struct place {
    const char *path;
    const char *keys[2]; /* none: the whole file is one number */
    unsigned divisor;    /* what was read is to be divided by this */
};

static const struct place places_v2[COUNTERS] = {
    [COUNTER_CPU] = {ROOT "cpu.stat", {"usage_usec"}, 1},
    [COUNTER_MEMORY] = {ROOT "memory.stat", {"anon", "shmem"}, 1},
    [COUNTER_OOM] = {ROOT "memory.events", {"oom_kill"}, 1},
    [COUNTER_PIDS] = {ROOT "pids.events", {"max"}, 1},
    [COUNTER_THROTTLED] = {ROOT "cpu.stat", {"throttled_usec"}, 1},
    [COUNTER_TASKS] = {ROOT "pids.current", {NULL}, 1},
    [COUNTER_USAGE] = {ROOT "memory.current", {NULL}, 1},
    [COUNTER_LIMIT] = {ROOT "memory.max", {NULL}, 1},
};

static const struct place places_v1[COUNTERS] = {
    /* in nanoseconds */
    [COUNTER_CPU] = {ROOT "cpuacct/cpuacct.usage", {NULL}, 1000},
    [COUNTER_MEMORY] = {ROOT "memory/memory.stat", {"rss", "shmem"}, 1},
    [COUNTER_OOM] = {ROOT "memory/memory.oom_control", {"oom_kill"}, 1},
    [COUNTER_PIDS] = {ROOT "pids/pids.events", {"max"}, 1},
    [COUNTER_THROTTLED] = {ROOT "cpu/cpu.stat", {"throttled_time"}, 1000},
    [COUNTER_TASKS] = {ROOT "pids/pids.current", {NULL}, 1},
    [COUNTER_USAGE] = {ROOT "memory/memory.usage_in_bytes", {NULL}, 1},
    [COUNTER_LIMIT] = {ROOT "memory/memory.limit_in_bytes", {NULL}, 1},
};

static const struct place *places;
static int files[COUNTERS];

/* The number after `key` and a space at the start of a line of text. */
static bool find(const char *text, const char *key, uint64_t *value)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            *value = strtoull(line + length + 1, NULL, 10);
            return true;
        }
    }
    return false;
}

/* Bytes that a counter's file is read up to. memory.stat has some 2,000. */
enum { TEXT_MAX = 8192 };

enum { ROOM_SHARE = 16 }; /* of the limit, one part in so many is to be free */

static void read_text(enum counter counter, char text[TEXT_MAX])
{
    ssize_t size = pread(files[counter], text, TEXT_MAX - 1, 0);
    if (size <= 0)
        fail("cannot read %s", places[counter].path);
    text[size] = '\0';
}

uint64_t cgroup_read(enum counter counter)
{
    char text[TEXT_MAX];
    const struct place *place = &places[counter];
    read_text(counter, text);
    if (place->keys[0] == NULL)
        return strtoull(text, NULL, 10) / place->divisor;
    uint64_t sum = 0;
    for (unsigned i = 0; i < 2 && place->keys[i] != NULL; i++) {
        uint64_t value;
        if (!find(text, place->keys[i], &value))
            fail("%s has no %s", place->path, place->keys[i]);
        sum += value;
    }
    return sum / place->divisor;
}

uint64_t cgroup_held(void)
{
    /* Which of them there are depends on version and kernel. Not `slab_reclaimable`: the names and
       inodes of files that a compiler has looked at. */
    static const char *const keys[] = {
        "anon", "rss", "shmem", "kernel_stack", "pagetables", "sec_pagetables",
        "percpu", "sock", "vmalloc", "slab_unreclaimable",
    };
    char text[TEXT_MAX];
    uint64_t sum = 0, value;
    read_text(COUNTER_MEMORY, text);
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (find(text, keys[i], &value))
            sum += value;
    return sum;
}

bool cgroup_has_room(void)
{
    char text[TEXT_MAX];
    uint64_t limit, used, cached = 0, shared = 0;
    if (!cgroup_has(COUNTER_USAGE) || !cgroup_has(COUNTER_LIMIT))
        return true;
    limit = cgroup_read(COUNTER_LIMIT); /* 0: max */
    used = cgroup_read(COUNTER_USAGE);
    read_text(COUNTER_MEMORY, text);
    if (!find(text, "file", &cached)) /* version 2 */
        (void)find(text, "cache", &cached);
    (void)find(text, "shmem", &shared);
    if (cached > shared && used > cached - shared)
        used -= cached - shared; /* what the kernel can take back */
    return limit == 0 || used < limit - limit / ROOM_SHARE;
}

/* Whether a file that could be opened has what is looked for in it. */
static bool is_there(enum counter counter)
{
    char text[TEXT_MAX];
    uint64_t ignored;
    ssize_t size = files[counter] < 0 ? -1 : pread(files[counter], text, sizeof text - 1, 0);
    if (size <= 0)
        return false;
    text[size] = '\0';
    const char *key = places[counter].keys[0];
    return key == NULL || find(text, key, &ignored);
}

bool cgroup_has(enum counter counter)
{
    return files[counter] >= 0;
}

void cgroup_open(void)
{
    places = access(ROOT "cgroup.controllers", F_OK) == 0 ? places_v2 : places_v1;
    for (enum counter counter = 0; counter < COUNTERS; counter++) {
        files[counter] = open(places[counter].path, O_RDONLY | O_CLOEXEC);
        if (counter >= COUNTERS_NEEDED) {
            if (!is_there(counter))
                files[counter] = -1;
            continue;
        }
        if (files[counter] < 0)
            fail_errno(places[counter].path);
        (void)cgroup_read(counter); /* fails now, if ever */
    }
}
