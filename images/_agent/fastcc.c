/* SPDX-License-Identifier: MIT */
/*
 * fastcc [OPTION]... -- COMPILER [ARGUMENT]...
 *
 * Compiles with OPTIONs that only make it faster (a fast linker, precompiled headers), and sees to
 * it that nobody can tell: the fast compile counts only if it succeeds and prints nothing. In every
 * other case it declines: it exits with 75 and without a word, and the plain command is to be run
 * by whoever runs this, as if nothing had been tried. Where an argument is not known to be harmless,
 * nothing is tried: it becomes the plain command.
 *
 * `--headers=FOLDER` is for us: FOLDER/index names sets of headers, the best first, one a line:
 * NAME HEADER... The first set whose headers all sources begin with goes in front of them
 * (-include FOLDER/NAME.hpp), where the compiler finds it precompiled.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_ARGUMENTS = 512,
    MAX_HEADERS = 64,
    MAX_PATH = 512,
    SOURCE_START = 16 << 10, /* includes further down are not looked at */
    INDEX_SIZE = 8 << 10,
    DECLINED = 75,
};

struct headers {
    size_t count;
    struct name {
        const char *text;
        size_t length;
    } names[MAX_HEADERS];
};

/* An argument that begins so, and goes on in any way, writes no other file and links nothing else. */
static const char *const harmless_beginnings[] = {
    "-D", "-U", "-O", "-std=", "-march=", "-mtune=", "-pedantic", "-fmax-errors=",
    "-fdiagnostics-", "-ftemplate-", "-fconstexpr-", "-fno-diagnostics-", "-ggdb",
};
static const char *const harmless[] = {
    "-ansi", "-w", "-s", "-g", "-g0", "-g1", "-g2", "-g3", "-pthread", "-pipe", "-m64", "-mavx",
    "-mavx2", "-msse4.2", "-mbmi", "-mbmi2", "-mpopcnt", "-mlzcnt", "-mfma", "-fopenmp",
    "-fexceptions", "-fno-exceptions", "-frtti", "-fno-rtti", "-ffast-math", "-fwrapv", "-ftrapv",
    "-fPIC", "-fpic", "-fPIE", "-fpie", "-fconcepts", "-fcoroutines", "-fpermissive",
    "-fsigned-char", "-funsigned-char", "-fshort-enums", "-fcommon", "-fno-common",
    "-fstrict-aliasing", "-fno-strict-aliasing", "-fomit-frame-pointer",
    "-fno-omit-frame-pointer", "-finline-functions", "-fno-inline", "-funroll-loops",
    "-funroll-all-loops", "-ftree-vectorize", "-fno-tree-vectorize", "-fstack-protector",
    "-fstack-protector-strong", "-fstack-protector-all", "-fno-stack-protector",
    "-fno-math-errno", "-funsafe-math-optimizations", "-ffinite-math-only",
    "-fno-elide-constructors", "-fvisibility=hidden", "-fchar8_t", "-fno-builtin",
};

/*
 * Of those, the ones that mean the same where the headers are precompiled: the compiler finds out
 * itself whether they were made with others, or they bear on neither the headers' text nor on what
 * it says of them.
 */
static const char *const headers_beginnings[] = {
    "-D", "-U", "-O", "-std=", "-fmax-errors=", "-fdiagnostics-", "-W",
};
static const char *const headers_too[] = {
    "-w", "-s", "-g", "-g0", "-g1", "-g2", "-g3", "-pthread", "-pipe", "-lm",
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_harmless(const char *argument)
{
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(argument, harmless[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof harmless_beginnings / sizeof *harmless_beginnings; i++)
        if (begins(argument, harmless_beginnings[i]))
            return strlen(argument) > strlen("-D") || argument[1] == 'O';
    /* -Wl, -Wa, -Wp, are for other programs. */
    return begins(argument, "-W") && strchr(argument, ',') == NULL && argument[2] != '\0';
}

static bool keeps_headers(const char *argument)
{
    /* Warnings of what is in the headers come only where their text is read. */
    if (strcmp(argument, "-Wsystem-headers") == 0)
        return false;
    for (size_t i = 0; i < sizeof headers_too / sizeof *headers_too; i++)
        if (strcmp(argument, headers_too[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof headers_beginnings / sizeof *headers_beginnings; i++)
        if (begins(argument, headers_beginnings[i]))
            return true;
    return false;
}

/* Past a comment, or where it was if there is none; NULL where one can't be told so simply. */
static const char *skip_comment(const char *at)
{
    if (begins(at, "/*")) {
        const char *end = strstr(at + 2, "*/");
        /* A backslash, or the trigraph for one, may have hidden an earlier end. */
        if (end == NULL || memchr(at, '\\', (size_t)(end - at)) != NULL ||
            memmem(at, (size_t)(end - at), "?" "?/", 3) != NULL)
            return NULL;
        return end + 2;
    }
    if (begins(at, "//")) {
        size_t length = strcspn(at, "\n");
        /* A backslash, or the trigraph for one, goes on in the next line. */
        if (memchr(at, '\\', length) != NULL || memchr(at, '?', length) != NULL)
            return NULL;
        return at + length;
    }
    return at;
}

static const char *skip_blank(const char *at, const char *blanks)
{
    for (;;) {
        const char *next = at + strspn(at, blanks);
        if (*next == '/')
            next = skip_comment(next);
        if (next == NULL || next == at)
            return next;
        at = next;
    }
}

/* Whether there is a file of that name in the folder of `path`, where "NAME" is looked for first. */
static bool is_beside(const char *path, const struct name *name)
{
    static char beside[MAX_PATH];
    const char *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
    int length =
        snprintf(beside, sizeof beside, "%.*s%.*s", folder, path, (int)name->length, name->text);
    return length < 0 || (size_t)length >= sizeof beside || access(beside, F_OK) == 0;
}

/*
 * A directive `#include <NAME>` at `at`, or `"NAME"` which is none of the files beside the source:
 * past it, with its name; NULL where there is none.
 */
static const char *take_include(const char *at, const char *path, struct name *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+/";
    if (*at != '#')
        return NULL;
    at += 1;
    at += strspn(at, " \t");
    if (!begins(at, "include"))
        return NULL;
    at += strlen("include");
    at += strspn(at, " \t");
    if (*at != '<' && *at != '"')
        return NULL;
    char end = *at == '<' ? '>' : '"';
    name->text = at + 1;
    name->length = strspn(at + 1, plain);
    at += 1 + name->length;
    if (*at != end || (end == '"' && is_beside(path, name)))
        return NULL;
    at = skip_blank(at + 1, " \t\r");
    return at != NULL && *at == '\n' ? at : NULL;
}

/*
 * The headers a source begins with, before anything else: no macro stands before them, and the
 * order of standard headers means nothing. One in a folder (<sys/…>, <linux/…>) may care, and so
 * ends the list; <bits/stdc++.h> does not.
 */
static void leading_includes(const char *source, const char *path, struct headers *found)
{
    static const char everything[] = "bits/stdc++.h";
    const char *at = source;
    found->count = 0;
    while (found->count < MAX_HEADERS) {
        struct name *name = &found->names[found->count];
        at = skip_blank(at, " \t\r\n");
        if (at == NULL || (at = take_include(at, path, name)) == NULL)
            return;
        bool whole = name->length == strlen(everything)
            && memcmp(name->text, everything, name->length) == 0;
        if (!whole && memchr(name->text, '/', name->length) != NULL)
            return;
        found->count += 1;
    }
}

static bool holds(const struct headers *headers, const char *text, size_t length)
{
    for (size_t i = 0; i < headers->count; i++)
        if (headers->names[i].length == length && memcmp(headers->names[i].text, text, length) == 0)
            return true;
    return false;
}

/* The start of a file as a string; false where it can't be read or holds a NUL. */
static bool read_start(const char *path, char *buffer, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 && (got = read(file, buffer + length, size - 1 - length)) > 0)
        length += (size_t)got;
    close(file);
    buffer[length] = '\0';
    return strlen(buffer) == length;
}

/* Takes the sets out of the index that this source does not begin with, by blanking their names. */
static bool strike_sets(char *index, const char *path)
{
    static char source[SOURCE_START];
    struct headers found;
    if (!read_start(path, source, sizeof source))
        return false;
    leading_includes(source, path, &found);
    bool any = false;
    for (char *line = index; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        char *word = line + strcspn(line, " \n");
        while (*word == ' ') {
            size_t length = strcspn(word + 1, " \n");
            if (!holds(&found, word + 1, length))
                *line = '\n' == *line ? '\n' : '-';
            word += 1 + length;
        }
        any = any || (*line != '-' && *line != '\n');
    }
    return any;
}

/* The precompiled file for these sources in `path`; false where there is none. */
static bool choose_set(const char *folder, char **sources, size_t count, char *path, size_t size)
{
    static char index[INDEX_SIZE];
    snprintf(path, size, "%s/index", folder);
    if (count == 0 || !read_start(path, index, sizeof index))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!strike_sets(index, sources[i]))
            return false;
    const char *line = index;
    while (*line == '-' || *line == '\n')
        line += strcspn(line, "\n"), line += *line == '\n';
    int length = snprintf(path, size, "%s/%.*s.hpp", folder, (int)strcspn(line, " \n"), line);
    return *line != '\0' && length > 0 && (size_t)length < size;
}

/*
 * The fast command for a plain one; false where there is none. Only known arguments and sources are
 * let through, one -o and, at the end, -lm: a library before the sources is one to ld and nothing
 * to some other linkers.
 */
static bool fast_command(char **options, char **plain, char **fast, char *set, size_t size)
{
    char *sources[MAX_ARGUMENTS];
    const char *folder = NULL;
    size_t count = 0, length = 0;
    fast[length++] = plain[0];
    for (; *options != NULL; options++) {
        if (begins(*options, "--headers="))
            folder = *options + strlen("--headers=");
        else
            fast[length++] = *options;
    }
    size_t place = length;
    length += 2;
    for (char **at = plain + 1; *at != NULL; at++) {
        if (length + 2 > MAX_ARGUMENTS)
            return false;
        fast[length++] = *at;
        if (strcmp(*at, "-o") == 0 && at[1] != NULL)
            fast[length++] = *++at;
        else if (**at != '-' && **at != '@')
            sources[count++] = *at;
        else if (!is_harmless(*at) && !(strcmp(*at, "-lm") == 0 && at[1] == NULL))
            return false;
        else if (!keeps_headers(*at))
            folder = NULL;
    }
    fast[length] = NULL;
    if (folder != NULL && choose_set(folder, sources, count, set, size)) {
        static char include[] = "-include";
        fast[place] = include;
        fast[place + 1] = set;
    } else {
        memmove(fast + place, fast + place + 2, (length + 1 - place - 2) * sizeof *fast);
    }
    return count > 0;
}

/* The child: in a group of its own, so that all of it can be ended; stdout and stderr to `output`. */
static void become_fast(char **command, int output)
{
    setpgid(0, 0);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(127);
    execvp(command[0], command);
    _exit(127);
}

/* Whether the command succeeded and printed nothing. What is left of it is gone when this returns. */
static bool succeeds_quietly(char **command)
{
    int ends[2], status = 1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        become_fast(command, ends[1]);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return false;
    }
    setpgid(child, child); /* whoever comes first */
    char text[4096];
    bool quiet = true;
    ssize_t got;
    while ((got = read(ends[0], text, sizeof text)) > 0 || (got < 0 && errno == EINTR)) {
        /* TERM, at which the compiler removes its temporary files. */
        if (got > 0 && quiet)
            kill(-child, SIGTERM);
        quiet = quiet && got < 0;
    }
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return quiet && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    static char *fast[MAX_ARGUMENTS + 4];
    static char set[MAX_PATH];
    int separator = 1;
    while (separator < argc && strcmp(argv[separator], "--") != 0)
        separator++;
    if (separator + 1 >= argc) {
        fputs("usage: fastcc [OPTION]... -- COMPILER [ARGUMENT]...\n", stderr);
        return 2;
    }
    argv[separator] = NULL;
    char **plain = argv + separator + 1;
    if (separator < MAX_ARGUMENTS / 2 && fast_command(argv + 1, plain, fast, set, sizeof set))
        return succeeds_quietly(fast) ? 0 : DECLINED;
    execvp(plain[0], plain);
    fprintf(stderr, "fastcc: %s: %s\n", plain[0], strerror(errno));
    return 127;
}
