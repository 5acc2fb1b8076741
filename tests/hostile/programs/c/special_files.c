/*
 * Class: compile, leftovers, disk
 * Attacks: the agent's tidying after the compile (litter.sh, which gcc is made to run): a
 *   thousand folders and more in each other, folders that can't be entered, names of all bytes,
 *   links in a ring and to /, and every inode of /tmp and /dev/shm.
 * Invariant: the run finds /tmp and /dev/shm as they were, and in time; nothing outside is removed.
 * Allowed: accepted
 * Request: {"args": ["3"], "compile_args": ["-wrapper", "sh,/build/litter.sh"]}
 * With: attack.h litter.sh
 * Tries: 9
 */
#include "attack.h"

#include <dirent.h>
#include <sys/statvfs.h>

static int entries(const char *path)
{
    int count = -2; /* . and .. */
    DIR *folder = opendir(path);
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    return count;
}

static long inodes_used(const char *path)
{
    struct statvfs status;
    return statvfs(path, &status) == 0 ? (long)(status.f_files - status.f_ffree) : -1;
}

static int littered(void)
{
    char line[64] = "";
    int depth = 0;
    FILE *report = fopen("/build/report", "re");
    return report != NULL && fgets(line, sizeof line, report) != NULL &&
           sscanf(line, "folders in each other: %d", &depth) == 1 && depth >= 1000;
}

int main(int argc, char **argv)
{
    WORKS("it was littered", littered());
    WORKS("/tmp is empty", entries("/tmp") == 0);
    WORKS("/tmp has its inodes", inodes_used("/tmp") <= 1);
    WORKS("/dev/shm is empty", entries("/dev/shm") == 0);
    WORKS("/dev/shm has its inodes", inodes_used("/dev/shm") <= 1);
    WORKS("/work is as submitted", argc == 2 && entries("/work") == atoi(argv[1]));
    WORKS("/etc is as it was", entries("/etc") > 10 && access("/etc/passwd", R_OK) == 0);
    WORKS("/tmp can be used", open("/tmp/mine", O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0);
    WORKS("/dev/shm can be used", open("/dev/shm/mine", O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0);
    return the_end();
}
