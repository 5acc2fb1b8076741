/*
 * Class: inodes
 * Attacks: inodes: empty files, hard links, symbolic links, sockets and folders, in every
 *   folder that can be written to, until there are none left.
 * Invariant: what costs no space is limited, too.
 * Allowed: accepted
 * With: attack.h
 * Tries: 7
 * Hits: inodes
 */
#include "attack.h"

#include <sys/socket.h>
#include <sys/un.h>

/* bind() says that a name is taken where there is no inode for it. */
static int make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(address.sun_path, path);
    int result = bind(fd, (struct sockaddr *)&address, sizeof address);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static int make_file(const char *path)
{
    int fd = creat(path, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int make(const char *folder, int number)
{
    char path[64], first[64];
    snprintf(path, sizeof path, "%s/%d", folder, number);
    snprintf(first, sizeof first, "%s/0", folder);
    switch (number % 5) {
    case 1:
        return link(first, path);
    case 2:
        return symlink("../../../../..", path);
    case 3:
        return make_socket(path);
    case 4:
        return mkdir(path, 0);
    default:
        return make_file(path);
    }
}

int main(void)
{
    const char *const folders[] = {"/work", "/tmp", "/dev/shm"};
    char what[64];
    for (int i = 0; i < 3; i++) {
        int count = 0;
        while (count < 1000000 && make(folders[i], count) == 0)
            count++;
        int error = errno;
        snprintf(what, sizeof what, "one more inode in %s", folders[i]);
        REFUSED(what, (errno = error, -1), ENOSPC);
        snprintf(what, sizeof what, "hundreds of them in %s, and not tens of thousands", folders[i]);
        WORKS(what, count > 200 && count < 10000);
    }
    WORKS("what is there can be used", access("/work/0", R_OK) == 0);
    return the_end();
}
