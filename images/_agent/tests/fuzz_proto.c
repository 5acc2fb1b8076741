/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer for the decoder and the parsers. With libFuzzer:
 *   clang -fsanitize=fuzzer,address -DLIBFUZZER ...
 * On its own: fuzz_proto ITERATIONS [SEED] changes valid frames at random, the
 * same way each time for the same seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *vector[PROTO_VECTOR_MAX];

static void check(bool true_here, const char *what)
{
    if (!true_here) {
        fprintf(stderr, "fuzz_proto: %s\n", what);
        abort();
    }
}

/* What a parsed `file` promises. */
static void check_file(const struct frame *frame)
{
    struct file_request file;
    if (proto_parse_file(frame->payload, frame->size, &file) != NULL)
        return;
    check(proto_path_ok(file.path), "path");
    check(file.path[0] != '/' && strstr(file.path, "//") == NULL, "absolute or empty part");
    check(file.content + file.size == frame->payload + frame->size, "content");
}

/* Of a parsed `stage` or `prepare`: strings that end within the payload. */
static void check_command(const struct frame *frame, const struct command *command)
{
    check(command->argc > 0 && command->argv[command->argc] == NULL, "argv");
    check(command->envp[command->envc] == NULL, "envp");
    const char *end = (const char *)frame->payload + frame->size;
    for (size_t i = 0; i < command->argc; i++)
        check(command->argv[i] + strlen(command->argv[i]) < end, "argument");
    for (size_t i = 0; i < command->envc; i++)
        check(command->envp[i] + strlen(command->envp[i]) < end, "variable");
    /* Not longer than what it came in: it is written where a frame has room. */
    check(proto_put_arguments(NULL, command) <= frame->size + 2, "arguments");
}

static void check_stage(const struct frame *frame)
{
    struct stage_request stage;
    if (proto_parse_stage(frame->payload, frame->size, vector, &stage) != NULL)
        return;
    check(!stage.by_prepared || stage.kind == KIND_COMPILE, "kind");
    check_command(frame, &stage.command);
}

static void check_prepare(const struct frame *frame)
{
    struct command command;
    if (proto_parse_prepare(frame->payload, frame->size, vector, &command) == NULL)
        check_command(frame, &command);
}

static void check_pack(const struct frame *frame)
{
    uint32_t max_bytes;
    check((proto_parse_pack(frame->payload, frame->size, &max_bytes) == NULL) == (frame->size == 4),
          "pack");
}

static void check_signal(const struct frame *frame)
{
    int number;
    if (proto_parse_signal(frame->payload, frame->size, &number) == NULL)
        check(frame->size == 1 && (number == 2 || number == 9 || number == 15), "signal");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of just that size, so that ASan sees one byte too far. */
    uint8_t *copy = malloc(size + (size == 0));
    check(copy != NULL, "memory");
    if (size != 0)
        memcpy(copy, data, size);
    size_t at = 0;
    struct frame frame;
    const char *why = NULL;
    while (proto_decode(copy + at, size - at, &frame, &why) == DECODED_FRAME) {
        if (frame.type == FRAME_FILE)
            check_file(&frame);
        if (frame.type == FRAME_STAGE)
            check_stage(&frame);
        if (frame.type == FRAME_PACK)
            check_pack(&frame);
        if (frame.type == FRAME_PREPARE)
            check_prepare(&frame);
        if (frame.type == FRAME_SIGNAL)
            check_signal(&frame);
        at += PROTO_HEADER + frame.size;
    }
    check(at <= size, "decoded too far");
    free(copy);
    return 0;
}

#ifndef LIBFUZZER

enum { SAMPLE_MAX = 512 };

#define SEED(text) {text, sizeof text - 1}
static const struct {
    const char *bytes;
    size_t size;
} seeds[] = {
    SEED("\0\0\0\x0d\x01\x03\0\0\0\0\x05" "a/b.c" "xy"),
    SEED("\0\0\0\x07\x01\x01\x01\0\0\0\x01" "a"),
    SEED("\0\0\0\x32\x02\x02\0\0\x03\xe8\0\0\x03\xe8\0\1\0\0\0\1\0\0"
         "\0\x02\0\0\0\x02ls\0\0\0\x02-l" "\0\x02\0\0\0\x03" "A=b\0\0\0\x06" "PATH=/"),
    SEED("\0\0\0\x19\x07\0\x02\0\0\0\x02ls\0\0\0\x02-l" "\0\x01\0\0\0\x05" "A=bcd\0\0\0\0\x08"),
    SEED("\0\0\0\x08\x01\x01\x03\0\0\0\x01" "ab" "\0\0\0\x04\x06\0\x10\0\0"),
    SEED("\0\0\0\x03\x03" "abc" "\0\0\0\0\x04" "\0\0\0\0\x05"),
    SEED("\0\0\0\x01\x09\x02" "\0\0\0\x01\x09\x0f" "\0\0\0\x01\x09\x09" "\0\0\0\0\x0a"),
};

static uint64_t state;

/* xorshift64 */
static size_t below(size_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % bound);
}

static const uint8_t edges[] = {0, 1, 2, 4, '/', '.', 0x7f, 0x80, 0xff};

/* One random change; returns the new size. */
static size_t mutate(uint8_t *sample, size_t size)
{
    size_t at = below(size);
    switch (below(5)) {
    case 0:
        sample[at] ^= (uint8_t)(1u << below(8));
        return size;
    case 1:
        sample[at] = edges[below(sizeof edges)];
        return size;
    case 2: /* shorter */
        return size > 1 ? size - 1 - below(size - 1) : size;
    case 3: /* one byte more, and the length of the first frame with it */
        if (size == SAMPLE_MAX)
            return size;
        memmove(sample + at + 1, sample + at, size - at);
        sample[3]++;
        return size + 1;
    default: /* a length that goes on beyond the end, or nearly */
        sample[at] = (uint8_t)(size - at + below(9) - 4);
        return size;
    }
}

int main(int argc, char **argv)
{
    unsigned long iterations = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) | 1 : 0x9e3779b97f4a7c15;
    uint8_t sample[SAMPLE_MAX];
    for (unsigned long i = 0; i < iterations; i++) {
        size_t seed = below(sizeof seeds / sizeof seeds[0]);
        size_t size = seeds[seed].size;
        memcpy(sample, seeds[seed].bytes, size);
        for (size_t changes = below(6); changes > 0; changes--)
            size = mutate(sample, size);
        LLVMFuzzerTestOneInput(sample, size);
    }
    printf("%lu iterations\n", iterations);
    return 0;
}

#endif
