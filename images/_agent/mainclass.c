/* SPDX-License-Identifier: MIT */
/*
 * mainclass DEFAULT SOURCE... -- COMMAND [ARGUMENT]...
 *
 * Executes COMMAND with the class that has `public static void main(String[])` in place of its
 * first argument `{}`. It is looked for in the class files below /build, not in anybody's text.
 *
 * Of several it is, in this order: one of the SOURCE that comes first; the class that this file is
 * named after, which may inherit its main; one with a main of its own; one that is in no other
 * class; the one whose main comes first in the file; the first by name. Where none has one, it is
 * the class that the first SOURCE is named after, or DEFAULT, and the command says what is missing.
 *
 * Class files may be hostile: whatever runs this is the program's own user, and all is checked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_CLASSES = 4096, /* there are no more files in /build */
    MAX_DEPTH = 32,
    MAX_PATH = 1024,
    MAX_ANCESTORS = 64,
    PUBLIC_STATIC = 0x0009,
    NO_LINE = INT32_MAX,
};

struct class {
    char *name; /* with slashes, as in the class file */
    char *parent;
    char *file; /* base name of its source */
    bool has_main;
    int line; /* of its main */
};

static struct class classes[MAX_CLASSES];
static size_t class_count;
static char **sources;
static size_t source_count;

/* A class file while it is read: nothing is read beyond `end`; `failed` once that was tried. */
struct reader {
    const uint8_t *start;
    size_t at;
    size_t end;
    bool failed;
    unsigned constants;
    uint32_t offsets[UINT16_MAX + 2]; /* of each constant's tag; 0: there is none */
};

static unsigned take(struct reader *reader, unsigned bytes)
{
    unsigned value = 0;
    if (reader->end - reader->at < bytes) {
        reader->failed = true;
        return 0;
    }
    for (; bytes > 0; bytes--)
        value = value << 8 | reader->start[reader->at++];
    return value;
}

static void skip(struct reader *reader, size_t bytes)
{
    if (reader->end - reader->at < bytes)
        reader->failed = true;
    else
        reader->at += bytes;
}

/* How much of a constant follows its tag, but for text; 0: there is no such tag. */
static unsigned constant_size(unsigned tag)
{
    static const uint8_t sizes[] = {
        [3] = 4, [4] = 4, [5] = 8, [6] = 8, [7] = 2, [8] = 2, [9] = 4, [10] = 4, [11] = 4,
        [12] = 4, [15] = 3, [16] = 2, [17] = 4, [18] = 4, [19] = 2, [20] = 2,
    };
    return tag < sizeof sizes ? sizes[tag] : 0;
}

static void read_constants(struct reader *reader)
{
    enum { TEXT = 1, LONG = 5, DOUBLE = 6 };
    reader->constants = take(reader, 2);
    for (unsigned i = 1; i < reader->constants && !reader->failed; i++) {
        reader->offsets[i] = (uint32_t)reader->at;
        unsigned tag = take(reader, 1);
        unsigned size = constant_size(tag);
        if (tag == TEXT)
            skip(reader, take(reader, 2));
        else if (size != 0)
            skip(reader, size);
        else
            reader->failed = true;
        if (tag == LONG || tag == DOUBLE) /* they count twice */
            reader->offsets[++i] = 0;
    }
}

/* A place in the constants whose tag is this one: behind the tag; false if it is not. */
static bool find_constant(struct reader *reader, unsigned index, unsigned tag, struct reader *found)
{
    if (index >= reader->constants || reader->offsets[index] == 0)
        return false;
    found->start = reader->start;
    found->end = reader->end;
    found->at = reader->offsets[index];
    found->failed = false;
    return take(found, 1) == tag;
}

/* The text of a constant; NULL if it has none, or a NUL in it. */
static char *copy_text(struct reader *reader, unsigned index)
{
    static struct reader place;
    if (!find_constant(reader, index, 1, &place))
        return NULL;
    size_t length = take(&place, 2);
    if (place.failed || place.end - place.at < length)
        return NULL;
    const char *text = (const char *)place.start + place.at;
    return memchr(text, '\0', length) == NULL ? strndup(text, length) : NULL;
}

static bool is_text(struct reader *reader, unsigned index, const char *expected)
{
    char *text = copy_text(reader, index);
    bool same = text != NULL && strcmp(text, expected) == 0;
    free(text);
    return same;
}

static char *copy_class_name(struct reader *reader, unsigned index)
{
    static struct reader place;
    return find_constant(reader, index, 7, &place) ? copy_text(reader, take(&place, 2)) : NULL;
}

/* The least line number of a method's code, within its attribute `Code`. */
static int first_line(struct reader *reader)
{
    int line = NO_LINE;
    skip(reader, 4);
    skip(reader, take(reader, 4));
    skip(reader, (size_t)take(reader, 2) * 8);
    for (unsigned left = take(reader, 2); left > 0 && !reader->failed; left--) {
        bool has_lines = is_text(reader, take(reader, 2), "LineNumberTable");
        size_t size = take(reader, 4), end = reader->at + size;
        for (unsigned lines = has_lines ? take(reader, 2) : 0; lines > 0; lines--) {
            skip(reader, 2);
            int number = (int)take(reader, 2);
            if (reader->failed)
                return line;
            line = number < line ? number : line;
        }
        reader->at = reader->at < end ? reader->at : end;
        skip(reader, end - reader->at);
    }
    return line;
}

static void skip_attributes(struct reader *reader)
{
    for (unsigned left = take(reader, 2); left > 0 && !reader->failed; left--) {
        skip(reader, 2);
        skip(reader, take(reader, 4));
    }
}

static void read_main(struct reader *reader, struct class *class)
{
    class->has_main = true;
    for (unsigned left = take(reader, 2); left > 0 && !reader->failed; left--) {
        bool is_code = is_text(reader, take(reader, 2), "Code");
        size_t size = take(reader, 4), start = reader->at;
        if (is_code && !reader->failed)
            class->line = first_line(reader);
        reader->at = start;
        skip(reader, size);
    }
}

static void read_members(struct reader *reader, struct class *class, bool methods)
{
    for (unsigned left = take(reader, 2); left > 0 && !reader->failed; left--) {
        unsigned flags = take(reader, 2), name = take(reader, 2), type = take(reader, 2);
        if (methods && (flags & PUBLIC_STATIC) == PUBLIC_STATIC && is_text(reader, name, "main")
            && is_text(reader, type, "([Ljava/lang/String;)V"))
            read_main(reader, class);
        else
            skip_attributes(reader);
    }
}

static void read_source_file(struct reader *reader, struct class *class)
{
    for (unsigned left = take(reader, 2); left > 0 && !reader->failed; left--) {
        bool is_source = is_text(reader, take(reader, 2), "SourceFile");
        size_t size = take(reader, 4), start = reader->at;
        if (is_source && class->file == NULL)
            class->file = copy_text(reader, take(reader, 2));
        reader->at = start;
        skip(reader, size);
    }
}

/* What its source would be called where the class file does not say it (-g:none); NULL: no memory. */
static char *usual_file(const char *class_name)
{
    char *file = NULL;
    const char *slash = strrchr(class_name, '/');
    const char *name = slash == NULL ? class_name : slash + 1;
    return asprintf(&file, "%.*s.java", (int)strcspn(name, "$"), name) < 0 ? NULL : file;
}

/* Whether it is a class file whose class the virtual machine would find at `path`. */
static bool read_class(struct reader *reader, const char *path, struct class *class)
{
    if (take(reader, 4) != 0xCAFEBABE)
        return false;
    skip(reader, 4);
    read_constants(reader);
    skip(reader, 2);
    *class = (struct class){.line = NO_LINE};
    class->name = copy_class_name(reader, take(reader, 2));
    class->parent = copy_class_name(reader, take(reader, 2));
    skip(reader, (size_t)take(reader, 2) * 2);
    read_members(reader, class, false);
    read_members(reader, class, true);
    read_source_file(reader, class);
    if (reader->failed || class->name == NULL)
        return false;
    if (class->file == NULL)
        class->file = usual_file(class->name);
    size_t length = strlen(class->name);
    return strncmp(path, class->name, length) == 0 && strcmp(path + length, ".class") == 0;
}

static void add_file(int folder, const char *name, const char *path)
{
    static struct reader reader;
    struct stat status;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        void *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (text != MAP_FAILED) {
            reader.start = text;
            reader.at = 0;
            reader.end = size;
            reader.failed = false;
            class_count += read_class(&reader, path, &classes[class_count]);
            munmap(text, size);
        }
    }
    close(file);
}

/* All class files below a folder; `path` is the folder's, from /build, with a slash at its end. */
static void add_folder(int folder, const char *path, unsigned depth)
{
    DIR *entries = fdopendir(folder);
    struct dirent *entry;
    if (entries == NULL) {
        close(folder);
        return;
    }
    while (class_count < MAX_CLASSES && (entry = readdir(entries)) != NULL) {
        char below[MAX_PATH];
        const char *name = entry->d_name, *ending = strrchr(name, '.');
        if (name[0] == '.')
            continue;
        if (snprintf(below, sizeof below, "%s%s", path, name) >= (int)sizeof below - 1)
            continue;
        if (ending != NULL && strcmp(ending, ".class") == 0)
            add_file(folder, name, below);
        int next = depth == 0 ? -1 : openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next >= 0) {
            strcat(below, "/");
            add_folder(next, below, depth - 1);
        }
    }
    closedir(entries);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Whether the source is where its package would have it. */
static bool is_in_package(const char *source, const struct class *class)
{
    size_t folder = (size_t)(base_name(source) - source);
    size_t package = (size_t)(base_name(class->name) - class->name);
    return package <= folder && strncmp(source + folder - package, class->name, package) == 0;
}

/* The number of the source that it was compiled from; that of none is the last. */
static size_t source_of(const struct class *class)
{
    size_t found = source_count;
    for (size_t i = source_count; class->file != NULL && i-- > 0;) {
        if (strcmp(base_name(sources[i]), class->file) != 0)
            continue;
        if (is_in_package(sources[i], class))
            return i;
        found = i;
    }
    return found;
}

static bool is_named_after(const struct class *class)
{
    const char *name = base_name(class->name);
    size_t length = strlen(name);
    return class->file != NULL && strncmp(class->file, name, length) == 0
        && strcmp(class->file + length, ".java") == 0;
}

static const struct class *find_class(const char *name)
{
    for (size_t i = 0; name != NULL && i < class_count; i++)
        if (strcmp(classes[i].name, name) == 0)
            return &classes[i];
    return NULL;
}

static bool inherits_main(const struct class *class)
{
    for (unsigned i = 0; class != NULL && i < MAX_ANCESTORS; i++) {
        if (class->has_main)
            return true;
        class = find_class(class->parent);
    }
    return false;
}

/* The order in which they are taken: less than 0 if the one goes before the other. */
static int compare(const struct class *one, const struct class *other)
{
    size_t files[] = {source_of(one), source_of(other)};
    int orders[] = {
        (files[0] > files[1]) - (files[0] < files[1]),
        is_named_after(other) - is_named_after(one),
        other->has_main - one->has_main,
        (strchr(one->name, '$') != NULL) - (strchr(other->name, '$') != NULL),
        (one->line > other->line) - (one->line < other->line),
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (orders[i] != 0)
            return orders[i];
    return strcmp(one->name, other->name);
}

static const struct class *choose(void)
{
    const struct class *best = NULL, *named = NULL;
    for (size_t i = 0; i < class_count; i++) {
        const struct class *class = &classes[i];
        bool is_first = is_named_after(class) && source_of(class) == 0;
        if (is_first)
            named = class;
        if (!class->has_main && !(is_named_after(class) && inherits_main(class)))
            continue;
        if (best == NULL || compare(class, best) < 0)
            best = class;
    }
    return best != NULL ? best : named;
}

int main(int argc, char **argv)
{
    int separator = 1;
    while (separator < argc && strcmp(argv[separator], "--") != 0)
        separator++;
    if (separator < 2 || separator + 1 >= argc) {
        fputs("usage: mainclass DEFAULT SOURCE... -- COMMAND [ARGUMENT]...\n", stderr);
        return 2;
    }
    sources = argv + 2;
    source_count = (size_t)(separator - 2);
    int folder = open("/build", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0)
        add_folder(folder, "", MAX_DEPTH);
    const struct class *chosen = choose();
    char *name = chosen != NULL ? chosen->name : argv[1];
    for (char *at = strchr(name, '/'); chosen != NULL && at != NULL; at = strchr(at, '/'))
        *at = '.';
    char **command = argv + separator + 1;
    for (char **at = command; *at != NULL; at++)
        if (strcmp(*at, "{}") == 0) {
            *at = name;
            break;
        }
    execvp(command[0], command);
    fprintf(stderr, "mainclass: %s: %s\n", command[0], strerror(errno));
    return 127;
}
