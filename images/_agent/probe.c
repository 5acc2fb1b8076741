/* SPDX-License-Identifier: MIT */
/*
 * The self-test's program: shows, from inside a sandbox, whether a limit
 * bites. It is run like any submission's program, and has no privileges.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEGABYTE = 1024 * 1024 };

/* Touches memory, 1 MB at a time, until it is killed or has reached `bound` MB. */
static int probe_memory(long bound)
{
    for (long i = 0; i < bound; i++) {
        char *memory = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            break;
        memset(memory, 1, MEGABYTE);
    }
    puts("survived");
    return 0;
}

/* Keeps two CPUs busy for `seconds`, unless it is stopped. */
static int probe_cpu(long seconds)
{
    pid_t second = fork();
    time_t end = time(NULL) + seconds;
    while (time(NULL) < end)
        continue;
    if (second == 0)
        _exit(0);
    puts("survived");
    return 0;
}

/* Starts up to `bound` sleeping children; says how many there could be. */
static int probe_processes(long bound)
{
    pid_t children[4096];
    long count = 0;
    const long most = bound < 4096 ? bound : 4096;
    while (count < most) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid < 0)
            break;
        children[count++] = pid;
    }
    printf("%ld %s\n", count, count < most ? "refused" : "survived");
    for (long i = 0; i < count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    return 0;
}

/* True if there is an interface besides lo; its name is printed. */
static int interfaces_seen(void)
{
    char line[512];
    int seen = 0, number = 0;
    FILE *file = fopen("/proc/net/dev", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *name = line + strspn(line, " ");
        name[strcspn(name, ":")] = '\0';
        if (++number > 2 && strcmp(name, "lo") != 0) { /* after two lines of headings */
            printf("interface %s\n", name);
            seen = 1;
        }
    }
    if (file != NULL)
        fclose(file);
    return seen;
}

/* Looks for interfaces, and for a route to an address that nobody has; sends nothing. */
static int probe_network(long unused)
{
    (void)unused;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    address.sin_addr.s_addr = htonl(0xC0000201); /* 192.0.2.1 */
    int seen = interfaces_seen();
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (udp >= 0 && connect(udp, (struct sockaddr *)&address, sizeof address) == 0) {
        puts("route to 192.0.2.1");
        seen = 1;
    }
    if (!seen)
        puts("isolated");
    return seen;
}

/* Writes `bound` MB to stdout. */
static int probe_output(long bound)
{
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (long i = 0; i < bound * (MEGABYTE / (long)sizeof block); i++)
        if (write(STDOUT_FILENO, block, sizeof block) < 0)
            return 1;
    return 0;
}

/* Tries to make a file where none may be made. */
static int probe_readonly(long unused)
{
    static const char *const folders[] = {"", "/etc", "/usr", "/sandbox", "/sys/fs/cgroup"};
    (void)unused;
    int writable = 0;
    for (unsigned i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/probe-file", folders[i]);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0) {
            printf("writable %s/\n", folders[i]);
            close(file);
            unlink(path);
            writable = 1;
        }
    }
    if (!writable)
        puts("readonly");
    return writable;
}

/* Prints who it is, as the kernel sees it. */
static int probe_identity(long unused)
{
    static const char *const keys[] = {"Uid:",    "Gid:",    "Groups:",     "CapInh:",  "CapPrm:",
                                       "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "CapAmb:"};
    (void)unused;
    char line[512];
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (strncmp(line, keys[i], strlen(keys[i])) == 0)
                fputs(line, stdout);
    return file == NULL;
}

static int probe_hello(long unused)
{
    (void)unused;
    puts("hello");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(long bound);
        long bound; /* when none is given */
    } probes[] = {
        {"memory", probe_memory, 1024},  {"cpu", probe_cpu, 10},
        {"processes", probe_processes, 4096}, {"network", probe_network, 0},
        {"output", probe_output, 64},    {"readonly", probe_readonly, 0},
        {"identity", probe_identity, 0}, {"hello", probe_hello, 0},
    };
    setvbuf(stdout, NULL, _IOLBF, 0); /* children must not print it again */
    for (unsigned i = 0; argc > 1 && i < sizeof probes / sizeof probes[0]; i++)
        if (strcmp(argv[1], probes[i].name) == 0)
            return probes[i].run(argc > 2 ? strtol(argv[2], NULL, 10) : probes[i].bound);
    fputs("usage: probe memory|cpu|processes|network|output|readonly|identity|hello [BOUND]\n",
          stderr);
    return 2;
}
