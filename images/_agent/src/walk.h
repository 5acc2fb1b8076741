/*
 * Walks over trees that a program made, and that may be as deep and as wide as
 * the inode limit allows: no recursion, two descriptors, no path longer than
 * one name. Meant for a child that has become the program's uid, while no
 * program is alive, so that nothing changes under its feet.
 */
#ifndef AGENT_WALK_H
#define AGENT_WALK_H

#include <stdbool.h>
#include <sys/types.h>

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
