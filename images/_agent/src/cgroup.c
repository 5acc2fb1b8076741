#include "cgroup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"

#define ROOT "/sys/fs/cgroup/"

enum source { SOURCE_CPU, SOURCE_MEMORY, SOURCE_OOM, SOURCE_PIDS, SOURCES };

/* Where a version keeps a counter: the sum of one or two keys of a file. */
struct place {
    const char *path;
    const char *keys[2]; /* none: the whole file is one number */
};

static const struct place places_v2[SOURCES] = {
    [SOURCE_CPU] = {ROOT "cpu.stat", {"usage_usec"}},
    [SOURCE_MEMORY] = {ROOT "memory.stat", {"anon", "shmem"}},
    [SOURCE_OOM] = {ROOT "memory.events", {"oom_kill"}},
    [SOURCE_PIDS] = {ROOT "pids.events", {"max"}},
};

static const struct place places_v1[SOURCES] = {
    [SOURCE_CPU] = {ROOT "cpuacct/cpuacct.usage", {NULL}},
    [SOURCE_MEMORY] = {ROOT "memory/memory.stat", {"rss", "shmem"}},
    [SOURCE_OOM] = {ROOT "memory/memory.oom_control", {"oom_kill"}},
    [SOURCE_PIDS] = {ROOT "pids/pids.events", {"max"}},
};

static const struct place *places;
static unsigned cpu_divisor; /* v1 counts nanoseconds */
static int files[SOURCES];

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

static uint64_t read_source(enum source source)
{
    char text[4096];
    const struct place *place = &places[source];
    ssize_t size = pread(files[source], text, sizeof text - 1, 0);
    if (size <= 0)
        fail("cannot read %s", place->path);
    text[size] = '\0';
    if (place->keys[0] == NULL)
        return strtoull(text, NULL, 10);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 2 && place->keys[i] != NULL; i++) {
        uint64_t value;
        if (!find(text, place->keys[i], &value))
            fail("%s has no %s", place->path, place->keys[i]);
        sum += value;
    }
    return sum;
}

void cgroup_open(void)
{
    bool v2 = access(ROOT "cgroup.controllers", F_OK) == 0;
    places = v2 ? places_v2 : places_v1;
    cpu_divisor = v2 ? 1 : 1000;
    for (enum source source = 0; source < SOURCES; source++) {
        files[source] = open(places[source].path, O_RDONLY | O_CLOEXEC);
        if (files[source] < 0)
            fail_errno(places[source].path);
    }
    struct counters probe;
    cgroup_read(&probe);
}

void cgroup_read(struct counters *counters)
{
    counters->cpu_us = read_source(SOURCE_CPU) / cpu_divisor;
    counters->memory = read_source(SOURCE_MEMORY);
    counters->oom_kills = read_source(SOURCE_OOM);
    counters->pids_refused = read_source(SOURCE_PIDS);
}
