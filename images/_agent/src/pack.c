/* SPDX-License-Identifier: MIT */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "channel.h"
#include "files.h"
#include "proto.h"
#include "queue.h"
#include "walk.h"

enum {
    FILES_MAX = 1024,
    DEPTH_MAX = 16, /* names in a path */
    CONTENT_MAX = CHANNEL_ROOM_MAX - PROTO_FILE_HEAD_MAX,
    OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
};

/* A file that was found; its path, from /build on, and a NUL follow. */
struct found {
    uint64_t size;
    bool executable;
};

enum { FOUND_MAX = sizeof(struct found) + PROTO_PATH_MAX + 1 };

static _Alignas(QUEUE_ALIGNMENT) uint8_t storage[FILES_MAX * FOUND_MAX];
static struct queue files = {.storage = storage, .capacity = sizeof storage};

static bool active;
static bool complete; /* so far: everything fits and can be said */
static struct identities owners;
static unsigned files_left; /* that may still be found */
static uint64_t bytes_left; /* that the frames may still take */

/* The file that is being sent. */
static int content = -1;
static struct found current;
static char path[PROTO_PATH_MAX + 1];
static bool begun; /* its first frame was sent */

/* How many bytes the frames of a file take in all. */
static uint64_t framed_size(uint64_t size, size_t path_size)
{
    uint64_t frames = size == 0 ? 1 : (size + CONTENT_MAX - 1) / CONTENT_MAX;
    return size + frames * (PROTO_HEADER + PROTO_FILE_FIELDS + path_size);
}

/* True unless someone set attributes or an access list on it. */
static bool is_plain(int file)
{
    ssize_t size = flistxattr(file, NULL, 0);
    return size == 0 || (size < 0 && errno == ENOTSUP);
}

/* Notes a regular file; false if it can't be packed. Nothing is opened but such a file. */
static bool note_file(int dir, const char *name, const struct stat *status, size_t path_size)
{
    mode_t mode = status->st_mode & 07777;
    if (status->st_nlink != 1 || (mode != 0644 && mode != 0755) || files_left == 0)
        return false;
    uint64_t size = (uint64_t)status->st_size;
    if (size > bytes_left || framed_size(size, path_size) > bytes_left)
        return false;
    int file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return false;
    bool plain = is_plain(file);
    close(file);
    if (!plain)
        return false;
    struct found found = {.size = size, .executable = mode == 0755};
    uint8_t *at = queue_reserve(&files, sizeof found + path_size + 1);
    memcpy(at, &found, sizeof found);
    memcpy(at + sizeof found, path, path_size + 1);
    queue_added(&files, sizeof found + path_size + 1);
    bytes_left -= framed_size(size, path_size);
    files_left--;
    return true;
}

static bool note_folder(int dir, size_t prefix, unsigned depth);

/* Notes an entry of the folder whose path is the first `prefix` bytes of `path`. */
static bool note_entry(int dir, const char *name, size_t prefix, unsigned depth)
{
    struct stat status;
    size_t length = strlen(name);
    if (depth > DEPTH_MAX || prefix + length > PROTO_PATH_MAX ||
        fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_uid != owners.compile ||
        status.st_gid != owners.compile)
        return false;
    memcpy(path + prefix, name, length + 1);
    if (S_ISREG(status.st_mode))
        return note_file(dir, name, &status, prefix + length);
    if (!S_ISDIR(status.st_mode) || prefix + length == PROTO_PATH_MAX)
        return false;
    int below = openat(dir, name, OPEN_FOLDER);
    memcpy(path + prefix + length, "/", 2);
    bool noted = below >= 0 && note_folder(below, prefix + length + 1, depth + 1);
    close(below);
    return noted;
}

/* The recursion is as deep as DEPTH_MAX; false if anything in it can't be packed. */
static bool note_folder(int dir, size_t prefix, unsigned depth)
{
    _Alignas(struct walk_entry) char buffer[1024];
    struct stat status;
    bool empty = prefix != 0; /* that /build itself is empty can be said */
    if (fstat(dir, &status) != 0 || (status.st_mode & 07777) != 0755 || !is_plain(dir))
        return false;
    for (;;) {
        long size = walk_read(dir, buffer, sizeof buffer);
        if (size <= 0)
            return size == 0 && !empty;
        for (long at = 0; at < size;) {
            const struct walk_entry *entry = (const void *)(buffer + at);
            at += entry->size;
            if (walk_is_dots(entry->name))
                continue;
            empty = false;
            if (!note_entry(dir, entry->name, prefix, depth))
                return false;
        }
    }
}

bool pack_active(void)
{
    return active;
}

void pack_begin(uint32_t max_bytes, const struct identities *ids)
{
    active = true;
    owners = *ids;
    files_left = FILES_MAX;
    bytes_left = max_bytes;
    identity_use_for_files(owners.compile);
    int dir = open(BUILD_FOLDER, OPEN_FOLDER);
    complete = dir >= 0 && note_folder(dir, 0, 1);
    close(dir);
    identity_use_for_files(owners.agent);
    if (!complete)
        queue_taken(&files, queue_size(&files));
}

/* Takes the next file from the list and opens it. */
static void open_next(void)
{
    uint8_t *at = queue_front(&files);
    char whole[sizeof BUILD_FOLDER + sizeof path] = BUILD_FOLDER "/";
    memcpy(&current, at, sizeof current);
    size_t size = strlen((const char *)at + sizeof current) + 1;
    memcpy(path, at + sizeof current, size);
    memcpy(whole + sizeof BUILD_FOLDER, path, size);
    queue_taken(&files, sizeof current + size);
    identity_use_for_files(owners.compile);
    content = open(whole, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    identity_use_for_files(owners.agent);
    if (content < 0)
        fail_errno("packing");
    begun = false;
}

/* Queues one frame of the open file; there is room for the largest. */
static void send_piece(void)
{
    unsigned flags = (begun ? FILE_APPEND : 0) | (current.executable ? FILE_EXECUTABLE : 0);
    size_t wanted = current.size < CONTENT_MAX ? (size_t)current.size : CONTENT_MAX;
    uint8_t *payload = channel_output_space(PROTO_FILE_HEAD_MAX + wanted);
    size_t head = proto_put_file_head(payload, flags, path);
    for (size_t done = 0; done < wanted;) {
        ssize_t size = read(content, payload + head + done, wanted - done);
        if (size == 0 || (size < 0 && errno != EINTR))
            fail("packing: cannot read %s", path);
        if (size > 0)
            done += (size_t)size;
    }
    channel_output(FRAME_ARTEFACT, head + wanted);
    begun = true;
    current.size -= wanted;
    if (current.size == 0) {
        close(content);
        content = -1;
    }
}

void pack_advance(void)
{
    while (active) {
        if (channel_room() < CHANNEL_ROOM_MAX)
            channel_flush();
        if (channel_room() < CHANNEL_ROOM_MAX)
            return; /* the loop calls again when something was taken */
        if (content >= 0) {
            send_piece();
        } else if (queue_size(&files) != 0) {
            open_next();
        } else {
            channel_artefact_end(complete);
            queue_trim(&files);
            active = false;
        }
    }
}
