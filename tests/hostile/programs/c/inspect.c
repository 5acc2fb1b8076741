/*
 * Class: compile, leftovers
 * Attacks: the run, with what wrapper.sh, which gcc is made to run, left behind in the compile.
 * Invariant: nothing of the compile is alive; /tmp and /dev/shm are empty; /build can be read and
 *   not written; /work holds the files submitted, in number as the argument says. Every line of
 *   wrapper.sh's own report is a refusal.
 * Allowed: accepted
 * Request: {"args": ["3"], "compile_args": ["-wrapper", "sh,/build/wrapper.sh"]}
 * With: attack.h wrapper.sh
 * Tries: 34
 * Prints: .*refused: EACCES kill -KILL 1\n.*
 */
#include "attack.h"

#include <ctype.h>
#include <dirent.h>

/* The entries of a folder, or -1. */
static int count(const char *path)
{
    int entries = 0;
    DIR *folder = opendir(path);
    const struct dirent *entry;
    if (folder == NULL)
        return -1;
    while ((entry = readdir(folder)) != NULL)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return entries;
}

static int alone(void)
{
    int others = 0;
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]))
            others += atoi(entry->d_name) != 1 && atoi(entry->d_name) != getpid();
    return folder != NULL && others == 0;
}

static int is_sealed(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && (status.st_mode & 07022) == 0;
}

int main(int argc, char **argv)
{
    char line[512];
    FILE *report = fopen("/build/report", "re");
    while (report != NULL && fgets(line, sizeof line, report) != NULL) {
        dprintf(1, "%s", line);
        tries++;
    }
    WORKS("the compile's report is there", report != NULL && tries > 0);
    WORKS("no other process", alone());
    WORKS("/tmp is empty", count("/tmp") == 0);
    WORKS("/dev/shm is empty", count("/dev/shm") == 0);
    WORKS("/work is as submitted", argc == 2 && count("/work") == atoi(argv[1]));
    WORKS("/build is sealed", is_sealed("/build") && is_sealed("/build/open"));
    WORKS("its files are, too", is_sealed("/build/open/file") && is_sealed("/build/report"));
    REFUSED("a new file in /build", open("/build/new", O_WRONLY | O_CREAT, 0600));
    REFUSED("a new file in /build/open", open("/build/open/new", O_WRONLY | O_CREAT, 0600));
    REFUSED("a new folder in /build", mkdir("/build/folder", 0700));
    REFUSED("writing a file in /build", open("/build/open/file", O_WRONLY));
    REFUSED("writing the program", open("/build/main", O_WRONLY), EACCES, EPERM, ETXTBSY);
    REFUSED("removing the program", unlink("/build/main"));
    REFUSED("renaming in /build", rename("/build/report", "/build/other"));
    REFUSED("chmod of /build", chmod("/build", 0777));
    REFUSED("chmod in /build", chmod("/build/open/file", 0666));
    return the_end();
}
