/* SPDX-License-Identifier: MIT */
/*
 * A driver for property tests of the protocol.
 *
 *   echo_frames [CHUNK]       reads frames to the agent from stdin, CHUNK bytes
 *                             at a time, and prints each as one line: its name
 *                             and its fields, bytes in hex ("-" if empty).
 *   echo_frames started STATUS | artefact_end STATUS | prepared STATUS |
 *               memory BYTES |
 *               file_head FLAGS PATH |
 *               ready | credit BYTES | exit CODE SIGNAL CAUSE TRUNCATED LIMITS
 *               CPU_US WALL_US GIVEN_BACK_US MEMORY_KB OOM_KILLS
 *                             writes that frame, as the agent would; of
 *                             file_head, only what stands before a file's content.
 *
 * Exit status: 0; 1 after a protocol error ("error: ..." is the last line);
 * 2 for wrong usage; 3 if the input ends within a frame ("error: incomplete").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/proto.h"

static uint8_t input[2 * PROTO_FRAME_MAX];
static char *vector[PROTO_VECTOR_MAX];

static void print_hex(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    putchar(' ');
    if (size == 0)
        putchar('-');
    for (size_t i = 0; i < size; i++)
        printf("%02x", byte[i]);
}

/* file TARGETS FLAGS PATH CONTENT */
static const char *print_file(const struct frame *frame)
{
    struct file_request file;
    const char *fault = proto_parse_file(frame->payload, frame->size, &file);
    if (fault != NULL)
        return fault;
    int flags = (file.append ? FILE_APPEND : 0) | (file.executable ? FILE_EXECUTABLE : 0);
    printf("file %u %d", file.targets, flags);
    print_hex(file.path, strlen(file.path));
    print_hex(file.content, file.size);
    return NULL;
}

/* ARGC ARG... ENVC ENV... */
static void print_command(const struct command *command)
{
    printf(" %zu", command->argc);
    for (char **argument = command->argv; *argument != NULL; argument++)
        print_hex(*argument, strlen(*argument));
    printf(" %zu", command->envc);
    for (char **variable = command->envp; *variable != NULL; variable++)
        print_hex(*variable, strlen(*variable));
}

/* prepare ARGC ARG... ENVC ENV... */
static const char *print_prepare(const struct frame *frame)
{
    struct command command;
    const char *fault = proto_parse_prepare(frame->payload, frame->size, vector, &command);
    if (fault != NULL)
        return fault;
    printf("prepare");
    print_command(&command);
    return NULL;
}

/* stage KIND WALL WALL_MOST CPU STACK_KB STDOUT STDERR ARGC ARG... ENVC ENV... */
static const char *print_stage(const struct frame *frame)
{
    struct stage_request stage;
    const char *fault = proto_parse_stage(frame->payload, frame->size, vector, &stage);
    if (fault != NULL)
        return fault;
    printf("stage %d %u %u %u %u %u %u", stage.by_prepared ? KIND_PREPARED : (int)stage.kind,
           stage.wall_ms, stage.wall_most_ms, stage.cpu_ms, stage.command.stack_kb,
           stage.stdout_limit, stage.stderr_limit);
    print_command(&stage.command);
    return NULL;
}

/* pack MAX_BYTES */
static const char *print_pack(const struct frame *frame)
{
    uint32_t max_bytes;
    const char *fault = proto_parse_pack(frame->payload, frame->size, &max_bytes);
    if (fault == NULL)
        printf("pack %u", max_bytes);
    return fault;
}

/* signal NUMBER */
static const char *print_signal(const struct frame *frame)
{
    int number;
    const char *fault = proto_parse_signal(frame->payload, frame->size, &number);
    if (fault == NULL)
        printf("signal %d", number);
    return fault;
}

static const char *print_frame(const struct frame *frame)
{
    const char *fault = NULL;
    switch (frame->type) {
    case FRAME_FILE:
        fault = print_file(frame);
        break;
    case FRAME_STAGE:
        fault = print_stage(frame);
        break;
    case FRAME_STDIN:
        printf("stdin");
        print_hex(frame->payload, frame->size);
        break;
    case FRAME_PACK:
        fault = print_pack(frame);
        break;
    case FRAME_PREPARE:
        fault = print_prepare(frame);
        break;
    case FRAME_SIGNAL:
        fault = print_signal(frame);
        break;
    case FRAME_STDIN_END:
        printf("stdin_end");
        break;
    case FRAME_MEASURE:
        printf("measure");
        break;
    default:
        printf(frame->type == FRAME_KILL ? "kill" : "dismiss");
    }
    if (fault == NULL)
        putchar('\n');
    return fault;
}

/* Prints all whole frames in the first `size` bytes; returns how many are left over. */
static size_t consume(size_t size)
{
    size_t done = 0;
    struct frame frame;
    const char *fault = NULL;
    enum decoded decoded;
    while ((decoded = proto_decode(input + done, size - done, &frame, &fault)) == DECODED_FRAME) {
        fault = print_frame(&frame);
        if (fault != NULL)
            break;
        done += PROTO_HEADER + frame.size;
    }
    if (fault != NULL) {
        printf("error: %s\n", fault);
        exit(1);
    }
    memmove(input, input + done, size - done);
    return size - done;
}

static int decode(size_t chunk)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = read(STDIN_FILENO, input + size, chunk);
        if (got <= 0)
            break;
        size = consume(size + (size_t)got);
    }
    if (size != 0) {
        puts("error: incomplete");
        return 3;
    }
    return 0;
}

static int write_frame(const uint8_t *frame, size_t size)
{
    return fwrite(frame, 1, size, stdout) == size ? 0 : 2;
}

static int encode_exit(char **number)
{
    uint8_t frame[PROTO_SMALL_FRAME];
    struct exit_report report = {
        .code = atoi(number[0]),
        .signal = atoi(number[1]),
        .cause = (enum cause)atoi(number[2]),
        .truncated = (unsigned)atoi(number[3]),
        .limits = (unsigned)atoi(number[4]),
        .cpu_us = strtoull(number[5], NULL, 10),
        .wall_us = strtoull(number[6], NULL, 10),
        .given_back_us = strtoull(number[7], NULL, 10),
        .memory_kb = strtoull(number[8], NULL, 10),
        .oom_kills = (uint32_t)strtoul(number[9], NULL, 10),
    };
    return write_frame(frame, proto_put_exit(frame, &report));
}

int main(int argc, char **argv)
{
    uint8_t frame[PROTO_FILE_HEAD_MAX];
    if (argc == 12 && strcmp(argv[1], "exit") == 0)
        return encode_exit(argv + 2);
    if (argc == 3 && strcmp(argv[1], "credit") == 0)
        return write_frame(frame, proto_put_credit(frame, (uint32_t)strtoul(argv[2], NULL, 10)));
    if (argc == 3 && strcmp(argv[1], "memory") == 0)
        return write_frame(frame, proto_put_memory(frame, strtoull(argv[2], NULL, 10)));
    if (argc == 2 && strcmp(argv[1], "ready") == 0)
        return write_frame(frame, proto_put_ready(frame));
    if (argc == 3 && strcmp(argv[1], "started") == 0)
        return write_frame(frame, proto_put_started(frame, atoi(argv[2]) != 0));
    if (argc == 3 && strcmp(argv[1], "artefact_end") == 0)
        return write_frame(frame, proto_put_artefact_end(frame, atoi(argv[2]) != 0));
    if (argc == 3 && strcmp(argv[1], "prepared") == 0)
        return write_frame(frame, proto_put_prepared(frame, atoi(argv[2]) != 0));
    if (argc == 4 && strcmp(argv[1], "file_head") == 0 && proto_path_ok(argv[3]))
        return write_frame(frame, proto_put_file_head(frame, (unsigned)atoi(argv[2]), argv[3]));
    size_t chunk = argc == 2 ? strtoul(argv[1], NULL, 10) : 65536;
    if (argc > 2 || chunk == 0 || chunk > PROTO_FRAME_MAX) {
        fputs("usage: echo_frames [CHUNK | ready | credit BYTES | exit ...]\n", stderr);
        return 2;
    }
    return decode(chunk);
}
