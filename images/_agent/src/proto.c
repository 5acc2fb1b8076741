/* SPDX-License-Identifier: MIT */
#include "proto.h"

#include <string.h>

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Writes the lowest `width` bytes of value, big-endian; returns where they end. */
static uint8_t *put(uint8_t *out, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        out[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    return out + width;
}

/* NULL if a frame of this type and size may come to the agent, or why not. */
static const char *header_fault(uint8_t type, uint32_t size)
{
    if (size > PROTO_PAYLOAD_MAX)
        return "payload too long";
    switch (type) {
    case FRAME_FILE:
    case FRAME_STAGE:
    case FRAME_STDIN:
    case FRAME_PACK:
    case FRAME_PREPARE:
    case FRAME_SIGNAL:
        return NULL;
    case FRAME_STDIN_END:
    case FRAME_KILL:
    case FRAME_DISMISS:
    case FRAME_MEASURE:
        return size == 0 ? NULL : "payload where none belongs";
    default:
        return "unknown frame type";
    }
}

enum decoded proto_decode(uint8_t *data, size_t size, struct frame *frame, const char **why)
{
    if (size < PROTO_HEADER)
        return DECODED_MORE;
    uint32_t payload_size = get_u32(data);
    *why = header_fault(data[4], payload_size);
    if (*why != NULL)
        return DECODED_ERROR;
    if (size - PROTO_HEADER < payload_size)
        return DECODED_MORE;
    frame->type = (enum frame_type)data[4];
    frame->payload = data + PROTO_HEADER;
    frame->size = payload_size;
    return DECODED_FRAME;
}

size_t proto_put_header(uint8_t *out, enum frame_type type, size_t payload_size)
{
    put(put(out, payload_size, 4), type, 1);
    return PROTO_HEADER;
}

size_t proto_put_ready(uint8_t *out)
{
    uint8_t *at = out + proto_put_header(out, FRAME_READY, 6);
    at = put(at, PROTO_VERSION, 2);
    at = put(at, PROTO_STDIN_WINDOW, 4);
    return (size_t)(at - out);
}

size_t proto_put_credit(uint8_t *out, uint32_t bytes)
{
    uint8_t *at = out + proto_put_header(out, FRAME_CREDIT, 4);
    return (size_t)(put(at, bytes, 4) - out);
}

size_t proto_put_exit(uint8_t *out, const struct exit_report *report)
{
    uint8_t *at = out + proto_put_header(out, FRAME_EXIT, 48);
    at = put(at, (uint32_t)report->code, 4);
    at = put(at, (uint32_t)report->signal, 4);
    at = put(at, report->cause, 1);
    at = put(at, report->truncated, 1);
    at = put(at, report->limits, 2);
    at = put(at, report->cpu_us, 8);
    at = put(at, report->wall_us, 8);
    at = put(at, report->given_back_us, 8);
    at = put(at, report->memory_kb, 8);
    at = put(at, report->oom_kills, 4);
    return (size_t)(at - out);
}

/* A frame whose payload is one byte, 0 or 1. */
static size_t put_answer(uint8_t *out, enum frame_type type, bool yes)
{
    uint8_t *at = out + proto_put_header(out, type, 1);
    return (size_t)(put(at, yes, 1) - out);
}

size_t proto_put_started(uint8_t *out, bool by_prepared)
{
    return put_answer(out, FRAME_STARTED, by_prepared);
}

size_t proto_put_artefact_end(uint8_t *out, bool complete)
{
    return put_answer(out, FRAME_ARTEFACT_END, complete);
}

size_t proto_put_prepared(uint8_t *out, bool alive)
{
    return put_answer(out, FRAME_PREPARED, alive);
}

size_t proto_put_memory(uint8_t *out, uint64_t bytes)
{
    uint8_t *at = out + proto_put_header(out, FRAME_MEMORY, 8);
    return (size_t)(put(at, bytes, 8) - out);
}

size_t proto_put_file_head(uint8_t *out, unsigned flags, const char *path)
{
    size_t length = strlen(path);
    uint8_t *at = put(out, TARGET_BUILD, 1);
    at = put(at, flags, 1);
    at = put(at, length, 4);
    memcpy(at, path, length);
    return (size_t)(at - out) + length;
}

size_t proto_put_arguments(uint8_t *out, const struct command *command)
{
    size_t size = 4;
    if (out != NULL)
        put(out, command->argc, 4);
    for (char **argument = command->argv; *argument != NULL; argument++) {
        size_t length = strlen(*argument);
        if (out != NULL)
            memcpy(put(out + size, length, 4), *argument, length);
        size += 4 + length;
    }
    return size;
}
