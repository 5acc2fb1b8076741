/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
    NAME_ROOM = 256, /* the longest name and its end */
};

/* What a visitor says about an entry. */
enum visit { VISIT_DONE, VISIT_STAYS, VISIT_DESCEND, VISIT_FAILED };
typedef enum visit visitor(int dir, const char *name, uid_t uid);

long walk_read(int dir, void *buffer, size_t size)
{
    return syscall(SYS_getdents64, dir, buffer, size);
}

bool walk_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * Visits the entries of dir from *position on, and stops at one to descend
 * into or that failed: its verdict and name are returned, *position is then
 * after it. At the end of the folder it returns STAYS if any entry did, or DONE.
 */
static enum visit scan(int dir, visitor *visit, uid_t uid, int64_t *position, char *name)
{
    /* Small: it is filled anew after each folder below, mostly in vain. */
    static _Alignas(struct walk_entry) char buffer[2048];
    enum visit result = VISIT_DONE;
    if (lseek(dir, *position, SEEK_SET) < 0)
        return VISIT_FAILED;
    for (;;) {
        long size = walk_read(dir, buffer, sizeof buffer);
        if (size <= 0)
            return size == 0 ? result : VISIT_FAILED;
        for (long at = 0; at < size;) {
            const struct walk_entry *entry = (const struct walk_entry *)(const void *)(buffer + at);
            at += entry->size;
            *position = entry->next;
            enum visit verdict = walk_is_dots(entry->name) ? VISIT_DONE : visit(dir, entry->name, uid);
            if (verdict == VISIT_STAYS)
                result = VISIT_STAYS;
            if (verdict == VISIT_DESCEND || verdict == VISIT_FAILED) {
                snprintf(name, NAME_ROOM, "%s", entry->name);
                return verdict;
            }
        }
    }
}

/* Replaces *dir by the folder `name` in it. */
static bool step(int *dir, const char *name)
{
    int next = openat(*dir, name, OPEN_FOLDER);
    if (next < 0)
        return false;
    close(*dir);
    *dir = next;
    return true;
}

/* Removes an entry unless it is a folder with something in it. */
static enum visit remove_entry(int dir, const char *name, uid_t uid)
{
    struct stat status;
    if (unlinkat(dir, name, 0) == 0)
        return VISIT_DONE;
    if (errno == EISDIR && unlinkat(dir, name, AT_REMOVEDIR) == 0)
        return VISIT_DONE;
    int error = errno;
    if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return VISIT_FAILED;
    if (status.st_uid != uid)
        return VISIT_STAYS;
    errno = error;
    if (error != ENOTEMPTY || fchmodat(dir, name, 0700, 0) != 0)
        return VISIT_FAILED;
    return VISIT_DESCEND;
}

/* Goes down to the first folder that can be emptied, up again, and so on. */
static bool wipe_from(int *dir, uid_t uid)
{
    char name[NAME_ROOM];
    for (size_t depth = 0;;) {
        /* From the start each time: what was there before is gone by now. */
        int64_t position = 0;
        enum visit verdict = scan(*dir, remove_entry, uid, &position, name);
        if (verdict == VISIT_FAILED)
            return false;
        if (verdict == VISIT_DESCEND) {
            if (!step(dir, name))
                return false;
            depth++;
            continue;
        }
        if (depth == 0)
            return true;
        if (verdict == VISIT_STAYS) {
            errno = EPERM; /* below a folder of its own, nothing may stay */
            return false;
        }
        if (!step(dir, ".."))
            return false;
        depth--;
    }
}

bool walk_wipe(const char *folder, uid_t uid)
{
    int dir = open(folder, OPEN_FOLDER);
    if (dir < 0)
        return errno == ENOENT;
    bool done = wipe_from(&dir, uid);
    int error = errno;
    close(dir);
    errno = error;
    return done;
}

/* Takes the permissions from an entry; a folder is also to be entered. */
static enum visit seal_entry(int dir, const char *name, uid_t uid)
{
    struct stat status;
    if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return VISIT_FAILED;
    if (S_ISLNK(status.st_mode) || status.st_uid != uid)
        return VISIT_DONE;
    mode_t mode = status.st_mode & 0755;
    if (S_ISDIR(status.st_mode))
        mode |= 0700;
    if (fchmodat(dir, name, mode, 0) != 0)
        return VISIT_FAILED;
    return S_ISDIR(status.st_mode) ? VISIT_DESCEND : VISIT_DONE;
}

/* In each folder above, where to go on: positions stay valid, as nothing changes. */
enum { SEAL_DEPTH_MAX = 4 * 1024 * 1024 };

static bool seal_from(int *dir, uid_t uid, int64_t *above)
{
    char name[NAME_ROOM];
    int64_t position = 0;
    for (size_t depth = 0;;) {
        switch (scan(*dir, seal_entry, uid, &position, name)) {
        case VISIT_DESCEND:
            if (depth == SEAL_DEPTH_MAX || !step(dir, name))
                return false;
            above[depth++] = position;
            position = 0;
            break;
        case VISIT_DONE:
            if (depth == 0)
                return true;
            if (!step(dir, ".."))
                return false;
            position = above[--depth];
            break;
        default:
            return false;
        }
    }
}

bool walk_seal(const char *folder, uid_t uid)
{
    if (chmod(folder, 0755) != 0)
        return errno == ENOENT;
    size_t size = SEAL_DEPTH_MAX * sizeof(int64_t);
    int64_t *above = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int dir = open(folder, OPEN_FOLDER);
    bool done = above != MAP_FAILED && dir >= 0 && seal_from(&dir, uid, above);
    int error = errno;
    close(dir);
    errno = error;
    return done;
}
