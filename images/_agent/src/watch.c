/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files.h"

#define TMPFS_TYPE 0x01021994

struct folder {
    const char *path;
    unsigned kinds; /* 1 << stage kind: in which stages a program can fill it */
    int fd;         /* -1: there is none, or it has no limit of its own */
};

static struct folder folders[] = {
    {.path = BUILD_FOLDER, .kinds = 1u << KIND_COMPILE},
    {.path = WORK_FOLDER, .kinds = 1u << KIND_RUN},
    {.path = "/tmp", .kinds = 1u << KIND_COMPILE | 1u << KIND_RUN},
    {.path = "/dev/shm", .kinds = 1u << KIND_COMPILE | 1u << KIND_RUN},
};

enum { FOLDERS = sizeof folders / sizeof folders[0] };

static unsigned kind_bit;
static int descriptors = -1; /* /proc/PID/fd of the program */
static uint64_t descriptors_max;

void watch_open(void)
{
    struct rlimit limit;
    struct statfs status;
    for (unsigned i = 0; i < FOLDERS; i++) {
        /* O_PATH: a look at the file system needs no permission to the folder. */
        int fd = open(folders[i].path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && (fstatfs(fd, &status) != 0 || status.f_type != TMPFS_TYPE)) {
            close(fd);
            fd = -1;
        }
        folders[i].fd = fd;
    }
    descriptors_max = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

void watch_begin(enum stage_kind kind, pid_t pid)
{
    char path[32];
    kind_bit = 1u << kind;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    descriptors = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static unsigned look_at_folder(int fd)
{
    struct statfs status;
    unsigned hit = 0;
    if (fstatfs(fd, &status) != 0)
        return 0;
    if (status.f_blocks != 0 && status.f_bfree == 0)
        hit |= HIT_DISK;
    if (status.f_files != 0 && status.f_ffree == 0)
        hit |= HIT_INODES;
    return hit;
}

unsigned watch_look(void)
{
    struct stat status;
    unsigned hit = 0;
    for (unsigned i = 0; i < FOLDERS; i++)
        if (folders[i].fd >= 0 && (folders[i].kinds & kind_bit) != 0)
            hit |= look_at_folder(folders[i].fd);
    /* Since Linux 6.2 the size of that folder is how many are open; before, 0. */
    if (descriptors >= 0 && fstat(descriptors, &status) == 0 &&
        (uint64_t)status.st_size >= descriptors_max)
        hit |= HIT_FILES;
    return hit;
}

void watch_end(void)
{
    if (descriptors >= 0)
        close(descriptors);
    descriptors = -1;
}
