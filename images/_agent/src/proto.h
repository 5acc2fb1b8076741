/* SPDX-License-Identifier: MIT */
/*
 * The agent's protocol: frames as bytes, and nothing else. No I/O, no globals,
 * no allocation, so that all of it can be fuzzed and property-tested.
 * The text that binds both sides is docs/reference/agent-protocol.md.
 */
#ifndef AGENT_PROTO_H
#define AGENT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_VERSION = 5,
    PROTO_HEADER = 5,
    PROTO_PAYLOAD_MAX = 262144,
    PROTO_FRAME_MAX = PROTO_HEADER + PROTO_PAYLOAD_MAX,
    PROTO_STDIN_WINDOW = 262144,
    PROTO_PATH_MAX = 255,
    /* What stands before a file's content, and the longest of it. */
    PROTO_FILE_FIELDS = 6,
    PROTO_FILE_HEAD_MAX = PROTO_FILE_FIELDS + PROTO_PATH_MAX,
    /* Room that every fixed-size frame of the agent fits into. */
    PROTO_SMALL_FRAME = 64,
    /* Each string costs at least its length field; two NULLs end the vectors. */
    PROTO_VECTOR_MAX = PROTO_PAYLOAD_MAX / 4 + 2,
};

enum frame_type {
    FRAME_FILE = 0x01,
    FRAME_STAGE = 0x02,
    FRAME_STDIN = 0x03,
    FRAME_STDIN_END = 0x04,
    FRAME_KILL = 0x05,
    FRAME_PACK = 0x06,
    FRAME_PREPARE = 0x07,
    FRAME_DISMISS = 0x08,
    FRAME_SIGNAL = 0x09,
    FRAME_MEASURE = 0x0a,
    FRAME_READY = 0x81,
    FRAME_STARTED = 0x82,
    FRAME_STDOUT = 0x83,
    FRAME_STDERR = 0x84,
    FRAME_CREDIT = 0x85,
    FRAME_EXIT = 0x86,
    FRAME_ERROR = 0x87,
    FRAME_ARTEFACT = 0x88,
    FRAME_ARTEFACT_END = 0x89,
    FRAME_PREPARED = 0x8a,
    FRAME_MEMORY = 0x8b,
};

enum target { TARGET_BUILD = 1, TARGET_WORK = 2 };
enum file_flag { FILE_APPEND = 1, FILE_EXECUTABLE = 2 };
/* On the wire there is a third: a compilation by the prepared compiler. */
enum stage_kind { KIND_COMPILE = 1, KIND_RUN = 2 };
enum { KIND_PREPARED = 3 };
enum cause { CAUSE_NONE, CAUSE_WALL, CAUSE_CPU, CAUSE_OUTPUT, CAUSE_KILLED };
enum truncated { TRUNCATED_STDOUT = 1, TRUNCATED_STDERR = 2 };
enum limit_hit {
    HIT_PROCESSES = 1,
    HIT_DISK = 2,
    HIT_INODES = 4,
    HIT_FILES = 8,
    HIT_FILE_SIZE = 16,
};

struct frame {
    enum frame_type type;
    uint8_t *payload;
    size_t size;
};

struct file_request {
    unsigned targets; /* of enum target */
    bool append;
    bool executable;
    char path[PROTO_PATH_MAX + 1];
    const uint8_t *content;
    size_t size;
};

struct command {
    size_t argc;
    size_t envc;
    char **argv; /* NULL-terminated */
    char **envp; /* NULL-terminated */
    uint32_t stack_kb; /* how far its stack may grow, as far as it may be set; 0: as it is */
};

struct stage_request {
    enum stage_kind kind;
    bool by_prepared; /* a compilation, by the prepared compiler if it can be */
    uint32_t wall_ms;      /* 0: no limit */
    uint32_t wall_most_ms; /* with what is given back; not above wall_ms: nothing is */
    uint32_t cpu_ms;       /* 0: no limit */
    uint32_t stdout_limit;
    uint32_t stderr_limit;
    struct command command;
};

struct exit_report {
    int32_t code;
    int32_t signal;
    enum cause cause;
    unsigned truncated; /* of enum truncated */
    unsigned limits;    /* of enum limit_hit */
    uint64_t cpu_us;
    uint64_t wall_us;
    uint64_t given_back_us; /* of wall_us: what is beyond the limit */
    uint64_t memory_kb;
    uint32_t oom_kills;
};

enum decoded { DECODED_FRAME, DECODED_MORE, DECODED_ERROR };

/*
 * Looks for one whole frame to the agent at the start of data. FRAME fills
 * *frame, whose payload points into data. MORE: not enough bytes yet. ERROR:
 * these bytes can never become a valid frame; *why says what is wrong.
 */
enum decoded proto_decode(uint8_t *data, size_t size, struct frame *frame, const char **why);

/* Parses a `file` payload. Returns NULL, or what is wrong with it. */
const char *proto_parse_file(const uint8_t *payload, size_t size, struct file_request *file);

/* Parses a `pack` payload. Returns NULL, or what is wrong with it. */
const char *proto_parse_pack(const uint8_t *payload, size_t size, uint32_t *max_bytes);

/*
 * Parses a `signal` payload, which may ask for SIGINT, SIGKILL or SIGTERM only.
 * Returns NULL, or what is wrong with it.
 */
const char *proto_parse_signal(const uint8_t *payload, size_t size, int *number);

/*
 * Parses a `stage` payload. The strings are terminated in place, so payload is
 * changed, and argv and envp point into it; their pointers are kept in vector,
 * which has PROTO_VECTOR_MAX elements. Returns NULL, or what is wrong with it.
 */
const char *proto_parse_stage(uint8_t *payload, size_t size, char **vector,
                              struct stage_request *stage);

/* The same for a `prepare` payload. */
const char *proto_parse_prepare(uint8_t *payload, size_t size, char **vector,
                                struct command *command);

/* The path rule: relative, no empty, `.` or `..` part, 1 to 255 bytes. */
bool proto_path_ok(const char *path);

/*
 * Encoders. Each writes one frame and returns its size; out must have
 * PROTO_SMALL_FRAME bytes, or PROTO_HEADER for proto_put_header().
 */
size_t proto_put_header(uint8_t *out, enum frame_type type, size_t payload_size);
size_t proto_put_ready(uint8_t *out);
size_t proto_put_credit(uint8_t *out, uint32_t bytes);
size_t proto_put_exit(uint8_t *out, const struct exit_report *report);
size_t proto_put_started(uint8_t *out, bool by_prepared);
size_t proto_put_artefact_end(uint8_t *out, bool complete);
size_t proto_put_prepared(uint8_t *out, bool alive);
size_t proto_put_memory(uint8_t *out, uint64_t bytes);

/*
 * Writes what stands before the content in the payload of a `file` frame to
 * /build, flags being of enum file_flag; at most PROTO_FILE_HEAD_MAX bytes.
 * Returns how many.
 */
size_t proto_put_file_head(uint8_t *out, unsigned flags, const char *path);

/*
 * Arguments as a prepared compiler reads them: u32 count, then each as a
 * string of the protocol. Returns how many bytes; out may be NULL to ask that.
 */
size_t proto_put_arguments(uint8_t *out, const struct command *command);

#endif
