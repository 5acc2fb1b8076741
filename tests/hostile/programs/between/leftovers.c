/*
 * Attacks: what the next test begins with. All is left behind that can be, in every way that a
 *   test can end; the next test looks for each.
 * Invariant: the working folder, /tmp, /dev/shm, processes and what the kernel keeps are before each
 *   test as they were before the first.
 * Items: daemon, files, odd files, source, work folder, /build, System V memory, System V queue,
 *   System V semaphore, POSIX memory, POSIX semaphore, POSIX queue, abstract socket, path socket,
 *   descriptors, streams, mode, time, attributes, inotify, space, inodes, priority, signals, masks,
 *   peaks, times of use
 * Bites: daemon, files, odd files, source, work folder, POSIX memory, POSIX semaphore,
 *   abstract socket, path socket, descriptors, streams, mode, time, inotify, space, inodes,
 *   priority, signals, masks
 * Input: words, each a thing to do: leave, look, or an end: sleep, crash, hungry, flood, exit.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { KEY = 0x1ef7, MANY_INOTIFY = 100, MANY_FILES = 1000, PIECE = 1 << 16, LITTLE = 256 << 10 };
enum { FEW_FILES = 32, DEEP = 60, FEWER_OPEN = 240 };
static const time_t LONG_AGO = 946684800;
static const char *const FOLDERS[] = {"/work", "/tmp", "/dev/shm"};

static char found[400];

/* What a look has found; the first of it is told. */
static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (found[0] == '\0')
        vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
}

static void write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file >= 0) {
        (void)!write(file, text, strlen(text));
        close(file);
    }
}

/* Every folder and file there is, but for /proc and /sys. */
static void walk(const char *folder, int depth, void (*visit)(const char *path, int type))
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    visit(folder, DT_DIR);
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        char path[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(path, sizeof path, "%s%s%s", folder, folder[1] ? "/" : "", entry->d_name)
            >= (int)sizeof path)
            continue;
        if (strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0)
            continue;
        if (entry->d_type == DT_DIR && depth < 2 * DEEP)
            walk(path, depth + 1, visit);
        else
            visit(path, entry->d_type);
    }
    if (entries != NULL)
        closedir(entries);
}

/* ---- processes: one that no signal but SIGKILL ends, in a session of its own ---- */

static void leave_daemon(void)
{
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        return;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (int number = 1; number < NSIG; number++)
                signal(number, SIG_IGN);
            (void)!write(ready[1], "x", 1);
            for (;;)
                pause();
        }
        _exit(0);
    }
    (void)!read(ready[0], &byte, 1);
}

static void look_daemon(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    if (kill(-1, 0) == 0)
        tell("somebody hears a signal to all");
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        int pid = atoi(entry->d_name);
        if (pid > 1 && pid != getpid())
            tell("process %d", pid);
    }
    closedir(processes);
}

/* ---- files ---- */

static void plant(const char *path, int type)
{
    char name[4200];
    if (type == DT_DIR && access(path, W_OK) == 0) {
        snprintf(name, sizeof name, "%s/left", path);
        write_file(name, "left");
        snprintf(name, sizeof name, "%s/.left", path);
        write_file(name, "left");
    }
}

static void leave_files(void)
{
    walk("/", 0, plant);
}

static void judge_name(const char *path, int type)
{
    const char *name = strrchr(path, '/') + 1;
    if (type != DT_DIR && (strcmp(name, "left") == 0 || strcmp(name, ".left") == 0))
        tell("%s", path);
}

static void look_files(void)
{
    walk("/", 0, judge_name);
}

static void leave_odd_files(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        int back = open(".", O_RDONLY | O_DIRECTORY);
        if (chdir(FOLDERS[i]) != 0)
            continue;
        (void)!symlink("/etc/passwd", "odd-link");
        (void)!symlink("odd-loop", "odd-loop");
        mkfifo("odd-fifo", 0000);
        write_file("odd-\xff\n -rf *", "");
        write_file("odd-readonly", "");
        chmod("odd-readonly", 0000);
        mkdir("odd-closed", 0700);
        write_file("odd-closed/inside", "");
        chmod("odd-closed", 0000);
        for (int depth = 0; depth < DEEP && mkdir("odd-deep", 0700) == 0; depth++)
            if (chdir("odd-deep") != 0)
                break;
        write_file("odd-bottom", "");
        (void)!fchdir(back);
        close(back);
    }
}

static void look_odd_files(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        DIR *entries = opendir(FOLDERS[i]);
        struct dirent *entry;
        while (entries != NULL && (entry = readdir(entries)) != NULL)
            if (strncmp(entry->d_name, "odd-", 4) == 0)
                tell("%s/%s", FOLDERS[i], entry->d_name);
        if (entries != NULL)
            closedir(entries);
    }
}

/* The source lies in the working folder, as the program's own. */
static void leave_source(void)
{
    write_file("/work/main.c", "rewritten\n");
}

static void look_source(void)
{
    struct stat status;
    if (lstat("/work/main.c", &status) != 0)
        tell("there is none");
    else if (status.st_size < 1000)
        tell("%ld bytes of it", (long)status.st_size);
}

static void leave_in_work(void)
{
    write_file("/work/main", "#!/bin/sh\necho another program\n");
    chmod("/work/main", 0755);
    (void)!link("/work/main.c", "/work/more.c");
}

static void look_in_work(void)
{
    DIR *entries = opendir("/work");
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "main.c") != 0)
            tell("%s", entry->d_name);
}

static void leave_in_build(void)
{
    write_file("/build/left", "left");
    write_file("/build/main", "#!/bin/sh\necho another program\n");
    (void)!rename("/build/main", "/build/before");
    chmod("/build", 0777);
    chmod("/build/main", 0777);
}

static void look_in_build(void)
{
    DIR *entries = opendir("/build");
    struct dirent *entry;
    if (access("/build", W_OK) == 0 || access("/build/main", W_OK) == 0)
        tell("it can be written to");
    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "main") != 0
            && strcmp(entry->d_name, "main.c") != 0)
            tell("%s", entry->d_name);
}

/* ---- what the kernel keeps by name ---- */

static void leave_shm(void)
{
    shmget(KEY, 4096, IPC_CREAT | 0666);
}

static void look_shm(void)
{
    if (shmget(KEY, 0, 0) >= 0)
        tell("it is there");
}

static void leave_msg(void)
{
    msgget(KEY, IPC_CREAT | 0666);
}

static void look_msg(void)
{
    if (msgget(KEY, 0) >= 0)
        tell("it is there");
}

static void leave_sem(void)
{
    semget(KEY, 1, IPC_CREAT | 0666);
}

static void look_sem(void)
{
    if (semget(KEY, 0, 0) >= 0)
        tell("it is there");
}

static void leave_posix_shm(void)
{
    shm_open("/kept", O_RDWR | O_CREAT, 0666);
}

static void look_posix_shm(void)
{
    if (shm_open("/kept", O_RDWR, 0) >= 0)
        tell("it is there");
}

static void leave_posix_sem(void)
{
    sem_open("/counted", O_CREAT, 0666, 5);
}

static void look_posix_sem(void)
{
    if (sem_open("/counted", 0) != SEM_FAILED)
        tell("it is there");
}

static void leave_mq(void)
{
    mq_open("/queue", O_RDWR | O_CREAT, 0666, NULL);
}

static void look_mq(void)
{
    if (mq_open("/queue", O_RDONLY) >= 0)
        tell("it is there");
}

/* ---- sockets, held open by whoever lives on ---- */

static socklen_t socket_name(struct sockaddr_un *name, const char *path)
{
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    if (path != NULL)
        strcpy(name->sun_path, path);
    else
        memcpy(name->sun_path, "\0left", 5);
    return (socklen_t)(sizeof(sa_family_t) + (path != NULL ? strlen(path) + 1 : 5));
}

static void leave_socket(const char *path)
{
    struct sockaddr_un name;
    socklen_t size = socket_name(&name, path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&name, size) == 0)
        listen(listener, 5);
}

static void look_socket(const char *path)
{
    struct sockaddr_un name;
    socklen_t size = socket_name(&name, path);
    int caller = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(caller, (struct sockaddr *)&name, size) == 0)
        tell("somebody listens");
    close(caller);
}

static void leave_abstract(void)
{
    leave_socket(NULL);
}

static void look_abstract(void)
{
    look_socket(NULL);
}

static void leave_path(void)
{
    leave_socket("/tmp/socket");
}

static void look_path(void)
{
    look_socket("/tmp/socket");
    if (access("/tmp/socket", F_OK) == 0)
        tell("it has its name");
}

/* ---- descriptors and what is set on them ---- */

static void leave_descriptors(void)
{
    for (int number = 200; number < 204; number++)
        dup2(open("/etc/passwd", O_RDONLY), number);
}

static int descriptors_at_start[256];

static void note_descriptors(void)
{
    for (int number = 3; number < 256; number++)
        descriptors_at_start[number] = fcntl(number, F_GETFD) >= 0;
}

static void look_descriptors(void)
{
    for (int number = 3; number < 256; number++)
        if (descriptors_at_start[number] || (number >= 200 && fcntl(number, F_GETFD) >= 0))
            tell("descriptor %d", number);
}

static void leave_streams(void)
{
    for (int number = 0; number < 3; number++)
        fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK | O_APPEND);
}

static void look_streams(void)
{
    for (int number = 0; number < 3; number++)
        if (fcntl(number, F_GETFL) & (O_NONBLOCK | O_APPEND))
            tell("flags of %d: %#o", number, fcntl(number, F_GETFL));
}

/* ---- attributes of the folder that is the program's own ---- */

static void leave_mode(void)
{
    chmod("/work", 0777);
}

static void look_mode(void)
{
    struct stat status;
    if (stat("/work", &status) != 0 || (status.st_mode & 07777) != 0700)
        tell("%#o", status.st_mode & 07777);
}

static void leave_time(void)
{
    struct timespec times[] = {{.tv_sec = LONG_AGO}, {.tv_sec = LONG_AGO}};
    utimensat(AT_FDCWD, "/work", times, 0);
    utimensat(AT_FDCWD, "/work/main.c", times, 0);
}

static void look_time(void)
{
    struct stat status;
    if (stat("/work", &status) == 0 && status.st_mtime == LONG_AGO)
        tell("of the folder");
    if (stat("/work/main.c", &status) == 0 && status.st_mtime == LONG_AGO)
        tell("of the source");
}

static void leave_attributes(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++)
        setxattr(FOLDERS[i], "user.left", "left", 4, 0);
    /* An access list: version 2, then user::rwx, user:0:r-x, group::---, mask::rwx, other::---. */
    static const unsigned char list[] = "\2\0\0\0"
                                        "\1\0\7\0\xff\xff\xff\xff\2\0\5\0\0\0\0\0"
                                        "\4\0\0\0\xff\xff\xff\xff\x10\0\7\0\xff\xff\xff\xff"
                                        "\x20\0\0\0\xff\xff\xff\xff";
    setxattr("/work", "system.posix_acl_default", list, sizeof list - 1, 0);
    setxattr("/work", "system.posix_acl_access", list, sizeof list - 1, 0);
}

static void look_attributes(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        char names[1000] = "";
        if (listxattr(FOLDERS[i], names, sizeof names) > 0)
            tell("%s on %s", names, FOLDERS[i]);
    }
}

/* ---- what is counted per uid, or is full ---- */

static void leave_inotify(void)
{
    for (int made = 0; made < MANY_INOTIFY; made++)
        inotify_init1(0);
}

static void look_inotify(void)
{
    int made[MANY_INOTIFY];
    for (int i = 0; i < MANY_INOTIFY; i++)
        if ((made[i] = inotify_init1(0)) < 0)
            tell("only %d can be made", i);
    for (int i = 0; i < MANY_INOTIFY; i++)
        if (made[i] >= 0)
            close(made[i]);
}

static void leave_full(void)
{
    static char piece[PIECE];
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++)
        for (int number = 0; number < 64; number++) {
            char name[100];
            snprintf(name, sizeof name, "%s/full-%d", FOLDERS[i], number);
            int file = open(name, O_WRONLY | O_CREAT, 0600);
            long size = 0;
            while (file >= 0 && size < 16 << 20 && write(file, piece, PIECE) == PIECE)
                size += PIECE;
            close(file);
            if (size == 0)
                break;
        }
}

static void look_space(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        struct statvfs status;
        if (statvfs(FOLDERS[i], &status) != 0)
            tell("%s is no folder", FOLDERS[i]);
        unsigned long used = (status.f_blocks - status.f_bfree) * status.f_frsize;
        if (used > LITTLE)
            tell("%s: %lu kB are used", FOLDERS[i], used >> 10);
    }
}

static void leave_inodes(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++)
        for (int number = 0; number < MANY_FILES; number++) {
            char name[100];
            snprintf(name, sizeof name, "%s/many-%d", FOLDERS[i], number);
            int file = open(name, O_WRONLY | O_CREAT, 0600);
            if (file >= 0)
                close(file);
        }
}

static void look_inodes(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        struct statvfs status;
        if (statvfs(FOLDERS[i], &status) == 0 && status.f_files - status.f_ffree > FEW_FILES)
            tell("%s: %lu are used", FOLDERS[i], status.f_files - status.f_ffree);
    }
}

/* ---- what a process hands on to those that it starts ---- */

static void leave_priority(void)
{
    struct sched_param none = {0};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    sched_setscheduler(0, SCHED_BATCH, &none);
    setpriority(PRIO_USER, 0, 10);
}

static void look_priority(void)
{
    cpu_set_t own, agents;
    if (getpriority(PRIO_PROCESS, 0) != 0)
        tell("nice %d", getpriority(PRIO_PROCESS, 0));
    if (getpriority(PRIO_PROCESS, 1) != 0)
        tell("nice %d of process 1", getpriority(PRIO_PROCESS, 1));
    if (sched_getscheduler(0) != SCHED_OTHER)
        tell("scheduled as %d", sched_getscheduler(0));
    if (sched_getaffinity(0, sizeof own, &own) == 0
        && sched_getaffinity(1, sizeof agents, &agents) == 0 && !CPU_EQUAL(&own, &agents))
        tell("bound to %d CPUs", CPU_COUNT(&own));
}

static void leave_signals(void)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, NULL);
    signal(SIGUSR2, SIG_IGN);
}

static void look_signals(void)
{
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        if (sigismember(&blocked, number))
            tell("%d is blocked", number);
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            tell("%d is ignored", number);
    }
}

static void leave_masks(void)
{
    struct rlimit few = {FEWER_OPEN, FEWER_OPEN};
    umask(0707);
    setrlimit(RLIMIT_NOFILE, &few);
    (void)!chdir("/");
}

static void look_masks(void)
{
    char folder[100];
    struct rlimit files;
    mode_t mask = umask(022);
    if (mask == 0707)
        tell("umask %#o", mask);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == FEWER_OPEN)
        tell("no more than %d files", FEWER_OPEN);
    if (getcwd(folder, sizeof folder) == NULL || strcmp(folder, "/work") != 0)
        tell("it begins in %s", folder);
}

/* In this order they are left: the daemon holds what was opened before it, and a full disk leaves
   no room for files. */
/* ---- what a sandbox has used in all its life, and when a file was last read ---- */

static void leave_peak(void)
{
    const size_t size = 16 << 20;
    char *held = malloc(size);
    if (held != NULL)
        memset(held, 'x', size);
    free(held);
}

static void look_peaks(void)
{
    static const char *const files[] = {
        "memory/memory.max_usage_in_bytes", "memory/memory.failcnt", "memory/memory.memsw.max_usage_in_bytes",
        "memory/memory.kmem.max_usage_in_bytes", "memory.peak", "pids/pids.peak", "pids.peak",
        "cpuacct/cpuacct.stat", "io.stat",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100], text[100];
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s", files[i]);
        FILE *file = fopen(path, "re");
        if (file != NULL && fgets(text, sizeof text, file) != NULL)
            tell("%s: %s", files[i], text);
        if (file != NULL)
            fclose(file);
    }
}

static void leave_uses(void)
{
    char byte;
    int file = open("/build/main", O_RDONLY);
    (void)!read(file, &byte, 1);
    close(file);
}

/* Executed or read, a program is used; where that is kept, it tells when. */
static void look_uses(void)
{
    struct stat status;
    if (stat("/build/main", &status) != 0)
        return;
    if (status.st_atim.tv_sec > status.st_mtim.tv_sec
        || (status.st_atim.tv_sec == status.st_mtim.tv_sec && status.st_atim.tv_nsec > status.st_mtim.tv_nsec))
        tell("the program was read at %ld", (long)status.st_atim.tv_sec);
}

static const struct {
    const char *name;
    void (*leave)(void);
    void (*look)(void);
} ITEMS[] = {
    {"streams", leave_streams, look_streams},
    {"System V memory", leave_shm, look_shm},
    {"System V queue", leave_msg, look_msg},
    {"System V semaphore", leave_sem, look_sem},
    {"POSIX memory", leave_posix_shm, look_posix_shm},
    {"POSIX semaphore", leave_posix_sem, look_posix_sem},
    {"POSIX queue", leave_mq, look_mq},
    {"abstract socket", leave_abstract, look_abstract},
    {"path socket", leave_path, look_path},
    {"descriptors", leave_descriptors, look_descriptors},
    {"inotify", leave_inotify, look_inotify},
    {"daemon", leave_daemon, look_daemon},
    {"files", leave_files, look_files},
    {"odd files", leave_odd_files, look_odd_files},
    {"source", leave_source, look_source},
    {"work folder", leave_in_work, look_in_work},
    {"/build", leave_in_build, look_in_build},
    {"inodes", leave_inodes, look_inodes},
    {"space", leave_full, look_space},
    {"mode", leave_mode, look_mode},
    {"attributes", leave_attributes, look_attributes},
    {"time", leave_time, look_time},
    {"priority", leave_priority, look_priority},
    {"signals", leave_signals, look_signals},
    {"masks", leave_masks, look_masks},
    {"peaks", leave_peak, look_peaks},
    {"times of use", leave_uses, look_uses},
};

static void leave(void)
{
    for (size_t i = 0; i < sizeof ITEMS / sizeof *ITEMS; i++)
        ITEMS[i].leave();
}

static void look(void)
{
    for (size_t i = 0; i < sizeof ITEMS / sizeof *ITEMS; i++) {
        found[0] = '\0';
        ITEMS[i].look();
        for (char *letter = found; *letter != '\0'; letter++)
            if (*letter < ' ')
                *letter = '?';
        dprintf(1, "%s: %s%s\n", ITEMS[i].name, found[0] ? "FOUND " : "clean", found);
    }
}

static void end(const char *word)
{
    if (strcmp(word, "sleep") == 0)
        for (;;)
            pause();
    if (strcmp(word, "flood") == 0)
        for (;;)
            (void)!write(1, word, 5);
    while (strcmp(word, "hungry") == 0) {
        char *volatile held = malloc(1 << 20);
        if (held != NULL)
            memset(held, 'x', 1 << 20);
    }
    if (strcmp(word, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (strcmp(word, "exit") == 0)
        exit(3);
}

int main(void)
{
    char word[20];
    note_descriptors();
    while (scanf("%19s", word) == 1) {
        if (strcmp(word, "leave") == 0)
            leave();
        else if (strcmp(word, "look") == 0)
            look();
        else
            end(word);
    }
    return 0;
}
