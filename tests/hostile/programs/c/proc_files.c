/*
 * Class: proc
 * Attacks: the agent's files in /proc: memory, environment, maps, descriptors, namespaces, and the
 *   ones that re-limit or rename a process when they are written.
 * Invariant: no program can read the agent, write to its pipes, or change it; a program's own files
 *   open.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 53
 * Bites: read /proc/1/mem
 */
#include "attack.h"

static const char *const secrets[] = {
    "mem", "environ", "maps", "smaps", "smaps_rollup", "numa_maps", "auxv", "pagemap", "syscall",
    "io", "personality", "fdinfo/0", "task/1/mem", "task/1/environ", "task/1/maps",
};
static const char *const links[] = {
    "exe", "cwd", "root", "root/etc/passwd", "cwd/etc/passwd", "fd/0", "fd/1", "fd/2",
    "task/1/fd/0", "task/1/fd/1", "task/1/root", "ns/pid", "ns/mnt", "ns/net", "ns/user", "ns/ipc",
};
static const char *const switches[] = {
    "oom_score_adj", "coredump_filter", "comm", "clear_refs", "setgroups", "uid_map", "gid_map",
    "task/1/comm", "mem", "task/1/mem", "fd/0", "fd/1", "fd/2", "task/1/fd/1",
};
#define EACH(list) (unsigned i = 0; i < sizeof list / sizeof list[0]; i++)

static void try(const char *process, const char *name, int flags, const char *how)
{
    char path[64], what[96];
    snprintf(path, sizeof path, "/proc/%s/%s", process, name);
    snprintf(what, sizeof what, "%s %s", how, path);
    REFUSED(what, open(path, flags | O_CLOEXEC));
}

/* comm may be opened by anyone, but not written. */
static int rename_it(const char *path)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    return file < 0 ? -1 : (int)write(file, "pwned", 5);
}

int main(void)
{
    char target[256];
    for EACH (secrets)
        try("1", secrets[i], O_RDONLY, "read");
    for EACH (links)
        try("1", links[i], O_RDONLY, "follow");
    for EACH (switches)
        if (strstr(switches[i], "comm") == NULL || switches[i][0] == 'o')
            try("1", switches[i], O_WRONLY, "write");
    REFUSED("write /proc/1/comm", rename_it("/proc/1/comm"), EINVAL, EACCES, EPERM);
    REFUSED("write /proc/1/task/1/comm", rename_it("/proc/1/task/1/comm"), EINVAL, EACCES, EPERM);
    REFUSED("read the link /proc/1/fd/0", readlink("/proc/1/fd/0", target, sizeof target));
    REFUSED("read the link /proc/1/exe", readlink("/proc/1/exe", target, sizeof target));
    REFUSED("list /proc/1/fd", open("/proc/1/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REFUSED("list /proc/1/map_files", open("/proc/1/map_files", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    WORKS("read /proc/self/mem", open("/proc/self/mem", O_RDWR | O_CLOEXEC) >= 0);
    WORKS("read /proc/self/environ", open("/proc/self/environ", O_RDONLY | O_CLOEXEC) >= 0);
    WORKS("list /proc/self/fd", open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
    WORKS("write /proc/self/comm", rename_it("/proc/self/comm") > 0);
    return the_end();
}
