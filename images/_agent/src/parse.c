/* SPDX-License-Identifier: MIT */
/* The payloads that have a structure. As pure as proto.c. */
#include <signal.h>
#include <string.h>

#include "proto.h"

/* What is left of a payload. Once a read goes past the end, all later ones fail. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool overrun;
};

/* Takes `size` bytes, or NULL if there are not as many. */
static const uint8_t *take(struct cursor *cursor, size_t size)
{
    if (cursor->overrun || size > cursor->left) {
        cursor->overrun = true;
        return NULL;
    }
    const uint8_t *taken = cursor->at;
    cursor->at += size;
    cursor->left -= size;
    return taken;
}

/* Takes a big-endian number of `width` bytes; 0 past the end. */
static uint32_t take_number(struct cursor *cursor, unsigned width)
{
    const uint8_t *bytes = take(cursor, width);
    uint32_t value = 0;
    for (unsigned i = 0; bytes != NULL && i < width; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Takes a string: its bytes (NULL past the end or if it has a NUL) and size. */
static const uint8_t *take_string(struct cursor *cursor, size_t *size)
{
    *size = take_number(cursor, 4);
    const uint8_t *bytes = take(cursor, *size);
    if (bytes == NULL || memchr(bytes, '\0', *size) != NULL)
        return NULL;
    return bytes;
}

bool proto_path_ok(const char *path)
{
    size_t size = strlen(path);
    if (size == 0 || size > PROTO_PATH_MAX)
        return false;
    for (const char *part = path;;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        if (part[length] == '\0')
            return true;
        part += length + 1;
    }
}

const char *proto_parse_file(const uint8_t *payload, size_t size, struct file_request *file)
{
    struct cursor cursor = {.at = payload, .left = size};
    file->targets = take_number(&cursor, 1);
    uint32_t flags = take_number(&cursor, 1);
    size_t path_size;
    const uint8_t *path = take_string(&cursor, &path_size);
    if (path == NULL)
        return "file: malformed";
    if (file->targets < 1 || file->targets > (TARGET_BUILD | TARGET_WORK))
        return "file: bad targets";
    if (flags > (FILE_APPEND | FILE_EXECUTABLE))
        return "file: bad flags";
    if (path_size > PROTO_PATH_MAX)
        return "file: path too long";
    memcpy(file->path, path, path_size);
    file->path[path_size] = '\0';
    if (!proto_path_ok(file->path))
        return "file: bad path";
    file->append = (flags & FILE_APPEND) != 0;
    file->executable = (flags & FILE_EXECUTABLE) != 0;
    file->content = cursor.at;
    file->size = cursor.left;
    return NULL;
}

const char *proto_parse_pack(const uint8_t *payload, size_t size, uint32_t *max_bytes)
{
    struct cursor cursor = {.at = payload, .left = size};
    *max_bytes = take_number(&cursor, 4);
    return cursor.overrun || cursor.left != 0 ? "pack: malformed" : NULL;
}

const char *proto_parse_signal(const uint8_t *payload, size_t size, int *number)
{
    struct cursor cursor = {.at = payload, .left = size};
    *number = (int)take_number(&cursor, 1);
    if (cursor.overrun || cursor.left != 0)
        return "signal: malformed";
    if (*number != SIGINT && *number != SIGKILL && *number != SIGTERM)
        return "signal: not allowed";
    return NULL;
}

/*
 * Takes a counted list of strings into vector, ended by NULL. Each is moved
 * onto its own length field, which leaves room for the terminator that the
 * wire does not carry; payload is where they all lie, as bytes that may be changed.
 * Returns how many there are, or -1.
 */
static long take_strings(struct cursor *cursor, uint8_t *payload, char **vector)
{
    uint32_t count = take_number(cursor, 2);
    for (uint32_t i = 0; i < count; i++) {
        size_t size;
        const uint8_t *bytes = take_string(cursor, &size);
        if (bytes == NULL)
            return -1;
        uint8_t *moved = payload + (bytes - payload) - 4;
        memmove(moved, bytes, size);
        moved[size] = '\0';
        vector[i] = (char *)moved;
    }
    if (cursor->overrun)
        return -1;
    vector[count] = NULL;
    return (long)count;
}

/* True if every string is NAME=value with a name. */
static bool environment_ok(char *const *envp)
{
    for (; *envp != NULL; envp++)
        if (strchr(*envp, '=') == NULL || **envp == '=')
            return false;
    return true;
}

/* Takes arguments and environment, which end the payload. Returns NULL, or what is wrong. */
static const char *take_command(struct cursor *cursor, uint8_t *payload, char **vector,
                                struct command *command)
{
    command->stack_kb = 0;
    command->argv = vector;
    long argc = take_strings(cursor, payload, vector);
    if (argc < 1)
        return "bad arguments";
    command->argc = (size_t)argc;
    command->envp = vector + argc + 1;
    long envc = take_strings(cursor, payload, command->envp);
    if (envc < 0 || !environment_ok(command->envp))
        return "bad environment";
    command->envc = (size_t)envc;
    return cursor->left != 0 ? "trailing bytes" : NULL;
}

const char *proto_parse_stage(uint8_t *payload, size_t size, char **vector,
                              struct stage_request *stage)
{
    struct cursor cursor = {.at = payload, .left = size};
    uint32_t kind = take_number(&cursor, 1);
    stage->wall_ms = take_number(&cursor, 4);
    stage->wall_most_ms = take_number(&cursor, 4);
    stage->cpu_ms = take_number(&cursor, 4);
    uint32_t stack_kb = take_number(&cursor, 4);
    stage->stdout_limit = take_number(&cursor, 4);
    stage->stderr_limit = take_number(&cursor, 4);
    const char *fault = take_command(&cursor, payload, vector, &stage->command);
    if (fault != NULL)
        return fault;
    stage->command.stack_kb = stack_kb;
    if (kind != KIND_COMPILE && kind != KIND_RUN && kind != KIND_PREPARED)
        return "bad kind";
    stage->by_prepared = kind == KIND_PREPARED;
    stage->kind = kind == KIND_RUN ? KIND_RUN : KIND_COMPILE;
    return NULL;
}

const char *proto_parse_prepare(uint8_t *payload, size_t size, char **vector,
                                struct command *command)
{
    struct cursor cursor = {.at = payload, .left = size};
    return take_command(&cursor, payload, vector, command);
}
