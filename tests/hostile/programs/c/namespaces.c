/*
 * Class: namespaces, mounts
 * Attacks: the walls of the sandbox: mounts, roots, namespaces.
 * Invariant: no program changes what the agent or it itself sees of the machine: EPERM for each,
 *   EACCES where the agent's files are in the way, ENOSYS for clone3 (so that libc falls back to
 *   clone).
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 51
 * Bites: clone3, plain
 */
#include "attack.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>

struct flag {
    const char *name;
    unsigned long value;
};
static const struct flag flags[] = {
    {"user", CLONE_NEWUSER}, {"pid", CLONE_NEWPID}, {"mount", CLONE_NEWNS}, {"net", CLONE_NEWNET},
    {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP},
    {"user and pid", CLONE_NEWUSER | CLONE_NEWPID}, {"user and mount", CLONE_NEWUSER | CLONE_NEWNS},
};

static long clone_with(unsigned long value)
{
    long pid = syscall(SYS_clone, value | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid;
}

int main(void)
{
    char what[64];
    struct clone_args args = {.exit_signal = SIGCHLD};
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        snprintf(what, sizeof what, "unshare %s", flags[i].name);
        REFUSED(what, unshare((int)flags[i].value), EPERM);
        snprintf(what, sizeof what, "clone, new %s", flags[i].name);
        REFUSED(what, clone_with(flags[i].value), EPERM);
        snprintf(what, sizeof what, "clone3, new %s", flags[i].name);
        args.flags = flags[i].value;
        REFUSED(what, syscall(SYS_clone3, &args, sizeof args), ENOSYS);
    }
    REFUSED("unshare time", unshare(0x80), EPERM);
    args.flags = 0;
    REFUSED("clone3, plain", syscall(SYS_clone3, &args, sizeof args), ENOSYS);
    REFUSED("setns by pidfd", setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWPID), EPERM);
    REFUSED("setns to one's own", setns(open("/proc/self/ns/pid", O_RDONLY), 0), EPERM);
    REFUSED("open the agent's namespace", open("/proc/1/ns/pid", O_RDONLY));
    REFUSED("mount tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
    REFUSED("mount proc", mount("proc", "/work", "proc", 0, NULL), EPERM);
    REFUSED("bind mount", mount("/", "/work", NULL, MS_BIND, NULL), EPERM);
    REFUSED("remount writable", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
    REFUSED("umount /proc", umount2("/proc", MNT_DETACH), EPERM);
    REFUSED("umount /work", umount2("/work", MNT_DETACH), EPERM);
    REFUSED("umount /sys/fs/cgroup", umount2("/sys/fs/cgroup", MNT_DETACH), EPERM);
    REFUSED("pivot_root", syscall(SYS_pivot_root, "/work", "/work"), EPERM);
    REFUSED("chroot", chroot("/work"), EPERM);
    REFUSED("fsopen", syscall(SYS_fsopen, "tmpfs", 0), EPERM);
    REFUSED("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 0), EPERM);
    REFUSED("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1), EPERM);
    REFUSED("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/work", 0), EPERM);
    REFUSED("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, NULL, 0), EPERM);
    REFUSED("sethostname", sethostname("pwned", 5), EPERM);
    REFUSED("setdomainname", setdomainname("pwned", 5), EPERM);
    REFUSED("mknod of a device", mknod("kmem", 020666, 0x102), EPERM);
    REFUSED("mknod of /dev/console", mknod("console", 020666, 0x501), EPERM);
    WORKS("plain fork", waitpid((pid_t)clone_with(0), NULL, 0) > 0);
    return the_end();
}
