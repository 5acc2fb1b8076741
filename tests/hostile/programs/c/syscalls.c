/*
 * Class: kernel, keyrings, io_uring, ptrace
 * Attacks: the parts of the kernel that no judged program needs and that breaches begin with.
 *   Arguments are such that elsewhere it would be another error or a success, but for the calls
 *   that need a capability.
 * Invariant: they are refused before any of their code runs: EPERM for each, from seccomp.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 60
 * Bites: keyctl
 */
#include "attack.h"

struct call {
    const char *name;
    long number;
};
#define CALL(name) {#name, SYS_##name}
static const struct call calls[] = {
    CALL(keyctl), CALL(add_key), CALL(request_key), CALL(bpf), CALL(perf_event_open),
    CALL(userfaultfd), CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register),
    CALL(io_setup), CALL(io_submit), CALL(open_by_handle_at), CALL(name_to_handle_at),
    CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(pidfd_getfd), CALL(kcmp),
    CALL(mq_open), CALL(mq_unlink), CALL(mq_notify), CALL(mq_timedsend), CALL(fanotify_init),
    CALL(fanotify_mark), CALL(memfd_secret), CALL(vmsplice), CALL(mbind), CALL(set_mempolicy),
    CALL(move_pages), CALL(migrate_pages), CALL(seccomp), CALL(landlock_create_ruleset),
    CALL(setxattr), CALL(fsetxattr), CALL(mknodat), CALL(quotactl), CALL(acct), CALL(swapon),
    CALL(swapoff), CALL(syslog), CALL(init_module), CALL(finit_module), CALL(delete_module),
    CALL(kexec_load), CALL(reboot), CALL(settimeofday), CALL(clock_settime), CALL(clock_adjtime),
    CALL(adjtimex), CALL(vhangup), CALL(lookup_dcookie), CALL(setns), CALL(unshare), CALL(chroot),
    CALL(pivot_root), CALL(mount), CALL(umount2), CALL(sethostname), CALL(ioprio_set),
    CALL(process_madvise), CALL(remap_file_pages),
#ifdef __x86_64__
    CALL(iopl), CALL(ioperm), CALL(modify_ldt), CALL(uselib), CALL(ustat), CALL(sysfs), CALL(_sysctl),
    CALL(nfsservctl), CALL(mknod), CALL(kexec_file_load), CALL(create_module),
#endif
};

int main(void)
{
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++)
        REFUSED(calls[i].name, syscall(calls[i].number, -1, -1, -1, -1, -1, -1), EPERM);
    REFUSED("a call that does not exist", syscall(100000, 0), EPERM, ENOSYS);
    WORKS("getpid", syscall(SYS_getpid) > 0);
    return the_end();
}
