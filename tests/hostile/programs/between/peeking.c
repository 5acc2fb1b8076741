/*
 * Attacks: what the other tests are given. Each test's input and expected output holds a token that
 *   nothing else has; one test looks for those of all others wherever it can read, and for its own
 *   expected output.
 * Invariant: an input comes into the sandbox at its turn, an expected output never does.
 * Input: the number of the test it is, "plain" or "planted", and then anything. If planted, what
 *   follows in the input is first put wherever it will look.
 * Items: stdin, stdin read on, stdin opened again, output opened again, descriptors, own memory,
 *   environments, command lines, memory of others, descriptors of others, work folder, /build,
 *   /tmp, /dev/shm, readable files, System V, queues, sockets
 * Bites: stdin, stdin read on, stdin opened again, descriptors, own memory, environments,
 *   command lines, memory of others, descriptors of others, work folder, /tmp, /dev/shm,
 *   readable files, sockets
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, OVERLAP = 64, HIDDEN = 0x55, WAIT_MS = 150, DEEPEST = 30 };
static const long MOST_READ = 400L << 20, MOST_OF_FILE = 256 << 10;

/* What a token begins with, made unlike it, so that only tokens are found: never this. */
static const unsigned char TOKEN[] = {
    'S' ^ HIDDEN, 'E' ^ HIDDEN, 'C' ^ HIDDEN, 'R' ^ HIDDEN, 'E' ^ HIDDEN, 'T' ^ HIDDEN, '-' ^ HIDDEN,
};

static int own_number;
static char found[200];
static long left_to_read;

/* A token of another test, or the expected output of this one: SECRET-<number>i- or e-. */
static void judge(const char *bytes, long size, const char *where)
{
    for (long i = 0; i + (long)sizeof TOKEN + 3 < size; i++) {
        size_t same = 0;
        while (same < sizeof TOKEN && ((unsigned char)bytes[i + (long)same] ^ HIDDEN) == TOKEN[same])
            same++;
        if (same < sizeof TOKEN)
            continue;
        char *end;
        char digits[8] = "";
        memcpy(digits, bytes + i + same, size - i - (long)same < 7 ? size - i - (long)same : 7);
        long number = strtol(digits, &end, 10);
        if (end == digits || (*end != 'i' && *end != 'e') || (number == own_number && *end == 'i'))
            continue;
        if (found[0] == '\0')
            snprintf(found, sizeof found, "FOUND %s of test %ld in %s",
                     *end == 'i' ? "the input" : "the expected output", number, where);
        return;
    }
}

/* Waits until it has been taken: what is still in the pipe, the next search would read away. */
static void item(const char *name)
{
    int untaken = 1;
    dprintf(1, "%s: %s\n", name, found[0] != '\0' ? found : "clean");
    memset(found, 0, sizeof found);
    for (int tries = 0; tries < 1000 && ioctl(1, FIONREAD, &untaken) == 0 && untaken > 0; tries++)
        usleep(1000);
}

/* One buffer for everything that is read: it is wiped, or the search of memory finds what it holds. */
static char buffer[OVERLAP + CHUNK];

/* All that a descriptor gives without waiting, up to `most` bytes. */
static void search_descriptor(int file, long most, const char *where)
{
    long kept = 0, size;
    while (most > 0 && left_to_read > 0 && (size = read(file, buffer + kept, CHUNK)) > 0) {
        judge(buffer, kept + size, where);
        most -= size;
        left_to_read -= size;
        long end = kept + size;
        kept = end < OVERLAP ? end : OVERLAP;
        memmove(buffer, buffer + end - kept, (size_t)kept);
    }
    memset(buffer, 0, sizeof buffer);
}

static void search_file(const char *path, long most)
{
    struct stat status;
    if (stat(path, &status) != 0 || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
        return;
    int file = open(path, O_RDONLY | O_NONBLOCK);
    if (file >= 0) {
        search_descriptor(file, most, path);
        close(file);
    }
}

static void search_folder(const char *folder, int depth)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        char path[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int size = snprintf(path, sizeof path, "%s%s%s", folder, folder[1] ? "/" : "", entry->d_name);
        if (size >= (int)sizeof path || strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0)
            continue;
        judge(path, size + 1, "a name");
        if (entry->d_type == DT_DIR && depth < DEEPEST)
            search_folder(path, depth + 1);
        else if (entry->d_type != DT_LNK)
            search_file(path, MOST_OF_FILE);
    }
    if (entries != NULL)
        closedir(entries);
}

/* ---- streams ---- */

static void set_waiting(int file, int waits)
{
    int flags = fcntl(file, F_GETFL);
    fcntl(file, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* After its end: what may still come. */
static void read_on(int file, const char *where)
{
    set_waiting(file, 0);
    for (int tries = 0; tries < 3; tries++) {
        struct pollfd wanted = {.fd = file, .events = POLLIN};
        poll(&wanted, 1, WAIT_MS / 3);
        usleep(WAIT_MS * 1000 / 3);
        search_descriptor(file, CHUNK, where);
    }
    set_waiting(file, 1);
}

static void open_again(int number, int flags)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    int file = open(path, flags | O_NONBLOCK);
    if (file >= 0) {
        read_on(file, path);
        close(file);
    }
}

static void search_descriptors(void)
{
    for (int number = 3; number < 256; number++)
        if (fcntl(number, F_GETFD) >= 0) {
            char where[40];
            snprintf(where, sizeof where, "descriptor %d", number);
            set_waiting(number, 0);
            lseek(number, 0, SEEK_SET);
            search_descriptor(number, MOST_OF_FILE, where);
        }
}

/* ---- processes ---- */

static void search_memory(const char *process)
{
    char path[100], line[600];
    snprintf(path, sizeof path, "/proc/%s/mem", process);
    int memory = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%s/maps", process);
    FILE *maps = fopen(path, "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long begin, end;
        judge(line, (long)strlen(line), path);
        if (sscanf(line, "%lx-%lx r", &begin, &end) != 2 || strstr(line, "[v") != NULL)
            continue;
        /* Its own buffer is what it reads into. */
        if (begin <= (unsigned long)buffer && (unsigned long)buffer < end && strcmp(process, "self") == 0)
            continue;
        char where[100];
        snprintf(where, sizeof where, "memory of %s", process);
        if (memory >= 0 && lseek(memory, (off_t)begin, SEEK_SET) == (off_t)begin)
            search_descriptor(memory, (long)(end - begin), where);
    }
    if (maps != NULL)
        fclose(maps);
    if (memory >= 0)
        close(memory);
}

static void search_fds(const char *process)
{
    char folder[100], path[400];
    struct dirent *entry;
    snprintf(folder, sizeof folder, "/proc/%s/fd", process);
    DIR *entries = opendir(folder);
    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            search_file(path, MOST_OF_FILE);
        }
    if (entries != NULL)
        closedir(entries);
}

static void search_proc_file(const char *process, const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "/proc/%s/%s", process, name);
    search_file(path, MOST_OF_FILE);
}

static void search_environment(const char *process)
{
    search_proc_file(process, "environ");
}

static void search_command_line(const char *process)
{
    search_proc_file(process, "cmdline");
    search_proc_file(process, "comm");
    search_proc_file(process, "stack");
}

static void each_process(void (*search)(const char *process), int with_own)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        int pid = atoi(entry->d_name);
        if (pid > 0 && (with_own || pid != getpid()))
            search(entry->d_name);
    }
    if (processes != NULL)
        closedir(processes);
}

/* ---- what the kernel keeps ---- */

static void search_system_v(void)
{
    char message[8192];
    for (int id = 0; id < 64; id++) {
        char *bytes = shmat(id, NULL, SHM_RDONLY);
        struct shmid_ds status;
        if (bytes != (void *)-1 && shmctl(id, IPC_STAT, &status) == 0)
            judge(bytes, (long)status.shm_segsz, "shared memory");
        long size = msgrcv(id, message, sizeof message - sizeof(long), 0, IPC_NOWAIT | MSG_NOERROR);
        if (size > 0)
            judge(message + sizeof(long), size, "a queue");
    }
}

static void search_queues(void)
{
    DIR *queues = opendir("/dev/mqueue");
    struct dirent *entry;
    while (queues != NULL && (entry = readdir(queues)) != NULL) {
        char name[300], message[1 << 16];
        snprintf(name, sizeof name, "/%s", entry->d_name);
        mqd_t queue = mq_open(name, O_RDONLY | O_NONBLOCK);
        long size = queue >= 0 ? mq_receive(queue, message, sizeof message, NULL) : -1;
        if (size > 0)
            judge(message, size, name);
    }
}

static void search_sockets(void)
{
    search_file("/proc/self/net/unix", CHUNK);
    search_file("/proc/net/unix", CHUNK);
}

/* ---- the searcher can find: what it is given is put where it will look ---- */

static void put(const char *path, const char *text)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    (void)!write(file, text, strlen(text));
    close(file);
}

static void plant(char *text, const char *self)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int ends[2];
    put("/work/planted", text);
    put("/tmp/planted", text);
    put("/dev/shm/planted", text);
    setenv("PLANTED", text, 1);
    dup2(memfd_create("planted", 0), 100);
    (void)!write(100, text, strlen(text));
    strncpy(name.sun_path + 1, text, sizeof name.sun_path - 2);
    (void)!bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name);
    if (pipe2(ends, O_CLOEXEC) == 0 && fork() == 0) {
        execl(self, "waits", text, (char *)NULL); /* a process with it in all that /proc shows */
        _exit(1);
    }
    close(ends[1]);
    (void)!read(ends[0], name.sun_path, 1); /* its end: exec has been done */
    close(ends[0]);
    /* A pipe that gives once more after its end in place of stdin. */
    if (pipe(ends) == 0) {
        dup2(ends[0], 0);
        if (fork() == 0) {
            for (int i = 0; i < 60 && write(ends[1], text, strlen(text)) > 0; i++)
                usleep(25000);
            _exit(0);
        }
        close(ends[1]);
        close(ends[0]);
    }
}

int main(int argc, char **argv)
{
    static char input[1000];
    char how[20] = "";
    if (argc == 2)
        for (;;)
            pause();
    left_to_read = MOST_READ;
    long size = 0, more;
    while ((more = read(0, input + size, sizeof input - 1 - (size_t)size)) > 0)
        size += more;
    if (sscanf(input, "%d %19s", &own_number, how) != 2)
        return 1;
    judge(input, size, "stdin");
    item("stdin");
    char *rest = strstr(input, how) + strlen(how);
    if (strcmp(how, "planted") == 0)
        plant(rest + 1, argv[0]);
    read_on(0, "stdin");
    item("stdin read on");
    open_again(0, O_RDONLY);
    open_again(0, O_RDWR);
    item("stdin opened again");
    open_again(1, O_RDONLY);
    open_again(2, O_RDONLY);
    open_again(1, O_RDWR);
    item("output opened again");
    search_descriptors();
    item("descriptors");
    search_memory("self");
    item("own memory");
    each_process(search_environment, 1);
    item("environments");
    each_process(search_command_line, 1);
    item("command lines");
    each_process(search_memory, 0);
    item("memory of others");
    each_process(search_fds, 0);
    item("descriptors of others");
    const char *folders[][2] = {
        {"work folder", "/work"}, {"/build", "/build"}, {"/tmp", "/tmp"}, {"/dev/shm", "/dev/shm"},
    };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        search_folder(folders[i][1], 0);
        item(folders[i][0]);
    }
    left_to_read = MOST_READ;
    search_folder("/", 0);
    item("readable files");
    search_system_v();
    item("System V");
    search_queues();
    item("queues");
    search_sockets();
    item("sockets");
    return 0;
}
