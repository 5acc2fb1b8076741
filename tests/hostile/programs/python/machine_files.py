r"""
Class: proc, limits
Attacks: the machine's own switches: cgroups (versions 1 and 2), /proc/sys, /sys, devices.
Invariant: no program can raise its limits, freeze the agent, or change the machine: EROFS, EACCES
  or EPERM for every file that is there and every folder to be made. Whichever version of cgroups
  there is, its limits were found and tried.
Allowed: accepted
Tries: 60
Prints: (?=.*memory\.(limit_in_bytes|max))(?=.*cgroup\.procs)(?=.*pids\.max).*
"""

import errno
import os

PROPER = (errno.EROFS, errno.EACCES, errno.EPERM)
SWITCHES = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/shmmni",
    "/proc/sys/kernel/msgmni",
    "/proc/sys/kernel/sem",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/kernel/hostname",
    "/proc/sys/fs/mqueue/queues_max",
    "/proc/sys/fs/inotify/max_user_instances",
    "/proc/sys/fs/pipe-user-pages-soft",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/drop_caches",
    "/proc/sysrq-trigger",
    "/sys/kernel/uevent_helper",
    "/sys/power/state",
    "/sandbox/agent",
    "/etc/passwd",
    "/etc/ld.so.preload",
    "/usr/bin/python3",
    "/dev/kmsg",
    "/dev/mem",
)
CGROUP_NAMES = (
    "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.kmem.limit_in_bytes",
    "memory.oom_control", "memory.force_empty", "cgroup.procs", "tasks", "freezer.state",
    "pids.max", "cpu.cfs_quota_us", "cpu.shares", "cpuset.cpus", "devices.allow", "release_agent",
    "notify_on_release", "cgroup.clone_children",
    "memory.max", "memory.high", "memory.swap.max", "memory.reclaim", "cpu.max", "cpu.weight",
    "cgroup.freeze", "cgroup.kill", "cgroup.subtree_control", "cgroup.threads", "cgroup.type",
)
tries = 0


def refused(what, attempt):
    global tries
    try:
        attempt()
    except FileNotFoundError:
        return  # this machine has none
    except OSError as error:
        word = "refused" if error.errno in PROPER else "BROKEN"
        print(f"{word}: {errno.errorcode[error.errno]} {what}", flush=True)
    else:
        print(f"BROKEN: {what}", flush=True)
    tries += 1


def missing(path):
    """True if it is not there; it may be there and secret."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


for path in SWITCHES:
    if os.path.isdir(os.path.dirname(path)):
        refused(path, lambda: os.open(path, os.O_WRONLY if not missing(path) else os.O_CREAT | os.O_WRONLY))
for folder, _, names in os.walk("/sys/fs/cgroup"):
    for name in sorted(set(names) & set(CGROUP_NAMES)):
        path = os.path.join(folder, name)
        refused(path, lambda: os.open(path, os.O_WRONLY))
        refused(f"chmod {path}", lambda: os.chmod(path, 0o666))
    refused(f"mkdir in {folder}", lambda: os.mkdir(os.path.join(folder, "mine")))
for device in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/sda",
               "/dev/vda", "/dev/loop-control", "/dev/vsock", "/dev/userfaultfd"):
    tries += 1
    print(f"{'refused: ENOENT' if missing(device) else 'BROKEN: there is'} {device}", flush=True)
tries += 1
socket_there = any(not missing(path) for path in ("/var/run/docker.sock", "/run/docker.sock"))
print("BROKEN: the engine's socket" if socket_there else "refused: ENOENT the engine's socket", flush=True)
print(f"the end, {tries} tries", flush=True)
