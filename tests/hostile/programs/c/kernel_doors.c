/*
 * Class: kernel
 * Attacks: bpf, perf_event_open, userfaultfd and their like, with arguments that are right, so that
 *   they succeed where they are allowed.
 * Invariant: the parts of the kernel that breaches begin with are out of reach: EPERM.
 * Allowed: accepted
 * With: attack.h
 * Tries: 10
 * Bites: memfd_secret
 */
#include "attack.h"

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>

int main(void)
{
    union bpf_attr map;
    struct perf_event_attr event;
    struct {
        unsigned long long handled_fs, handled_net;
    } ruleset = {1, 0};
    memset(&map, 0, sizeof map);
    map.map_type = BPF_MAP_TYPE_ARRAY;
    map.key_size = 4;
    map.value_size = 4;
    map.max_entries = 1;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    event.type = PERF_TYPE_SOFTWARE;
    event.config = PERF_COUNT_SW_TASK_CLOCK;
    REFUSED("a bpf map", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map), EPERM);
    REFUSED("a perf event of one's own", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0), EPERM);
    REFUSED("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC), EPERM);
    REFUSED("userfaultfd, user mode only", syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY), EPERM);
    REFUSED("memfd_secret", syscall(447, 0), EPERM);
    REFUSED("landlock", syscall(444, &ruleset, 8, 0), EPERM);
    REFUSED("fanotify", syscall(SYS_fanotify_init, 0x200, O_RDONLY), EPERM);
    REFUSED("a filter of one's own", syscall(SYS_seccomp, 2, 0, &(unsigned){0x7fff0000u}), EPERM);
    REFUSED("the kernel's log", syscall(SYS_syslog, 10, NULL, 0), EPERM);
    REFUSED("another personality", syscall(SYS_personality, 0x0040000), EPERM);
    return the_end();
}
