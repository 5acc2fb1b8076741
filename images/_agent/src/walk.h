/* SPDX-License-Identifier: MIT */
/*
 * Walks over trees that a program made, and that may be as deep and as wide as
 * the inode limit allows: no recursion, two descriptors, no path longer than
 * one name. Meant for a child that has become the program's uid, while no
 * program is alive, so that nothing changes under its feet.
 */
#ifndef AGENT_WALK_H
#define AGENT_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What getdents64 returns; libc's readdir would allocate. */
struct walk_entry {
    uint64_t inode;
    int64_t next; /* the position after this entry */
    uint16_t size;
    uint8_t type;
    char name[];
};

/*
 * Reads the next entries of a folder into a buffer that is aligned like one,
 * as getdents64 does. Returns how many bytes; 0 at the end; -1 with errno.
 */
long walk_read(int dir, void *buffer, size_t size);

/* True for "." and "..". */
bool walk_is_dots(const char *name);

/*
 * Removes everything below the folder, but not the folder; what others own
 * directly in it stays. Returns false, with errno, if something else stays.
 */
bool walk_wipe(const char *folder, uid_t uid);

/*
 * Takes the write permission of group and others from the folder and all that
 * uid owns below it. Returns false, with errno, if that failed anywhere.
 */
bool walk_seal(const char *folder, uid_t uid);

#endif
