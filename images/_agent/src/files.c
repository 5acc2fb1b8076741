/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"

static _Noreturn void fail_file(const char *folder, const char *path)
{
    fail("file %s/%s: %s", folder, path, strerror(errno));
}

/*
 * Opens the folder below dir, making it if it is missing. One name at a time
 * and O_NOFOLLOW: a symlink that a program left is an error, never followed.
 */
static int open_folder(int dir, const char *name)
{
    if (mkdirat(dir, name, 0755) != 0 && errno != EEXIST)
        return -1;
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Opens the folder that the last part of path lies in and points *name at
 * that part. Returns -1 with errno on failure.
 */
static int open_parent(const char *folder, const char *path, const char **name)
{
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const char *slash;
    for (; dir >= 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        char part[PROTO_PATH_MAX + 1] = {0};
        memcpy(part, path, (size_t)(slash - path));
        int below = open_folder(dir, part);
        int error = errno;
        close(dir);
        errno = error;
        dir = below;
    }
    *name = path;
    return dir;
}

/* Opens the file itself. An append must meet a regular file of this owner. */
static int open_file(int dir, const char *name, const struct file_request *request, uid_t owner)
{
    const int common = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    if (!request->append)
        return openat(dir, name, common | O_CREAT | O_EXCL, request->executable ? 0755 : 0644);
    int file = openat(dir, name, common | O_APPEND);
    struct stat status;
    if (file >= 0 &&
        (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != owner)) {
        close(file);
        errno = EPERM;
        return -1;
    }
    return file;
}

static bool write_all(int file, const uint8_t *content, size_t size)
{
    while (size != 0) {
        ssize_t written = write(file, content, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            content += written;
            size -= (size_t)written;
        }
    }
    return true;
}

static void write_target(const char *folder, const struct file_request *request, uid_t owner)
{
    const char *name;
    int dir = open_parent(folder, request->path, &name);
    if (dir < 0)
        fail_file(folder, request->path);
    int file = open_file(dir, name, request, owner);
    if (file < 0 || !write_all(file, request->content, request->size))
        fail_file(folder, request->path);
    close(file);
    close(dir);
}

void files_write(const struct file_request *file, const struct identities *ids)
{
    if (file->targets & TARGET_BUILD) {
        identity_use_for_files(ids->compile);
        write_target(BUILD_FOLDER, file, ids->compile);
    }
    if (file->targets & TARGET_WORK) {
        identity_use_for_files(ids->run);
        write_target(WORK_FOLDER, file, ids->run);
    }
    identity_use_for_files(ids->agent);
}
