r"""
Class: proc
Attacks: what /proc and /sys tell of the machine and of others on it: its command line, configuration,
  disks, load, modules, other people's locks, when it was started; and what the sandbox has used
  since it was made, which is one test's word to the next.
Invariant: it is empty or not there; what runtimes need of it is there.
Allowed: accepted
With: attack.py
Tries: 50
"""

import os

from attack import refused, the_end, works

HIDDEN = """
/proc/cmdline /proc/config.gz /proc/diskstats /proc/loadavg /proc/locks /proc/modules /proc/partitions
/proc/swaps /proc/vmstat /proc/zoneinfo /proc/buddyinfo /proc/softirqs /proc/schedstat /proc/interrupts
/proc/key-users /proc/keys /proc/iomem /proc/ioports /proc/consoles /proc/kallsyms /proc/pressure/cpu
/proc/fs/ext4 /proc/mdstat
/proc/sys/kernel/random/boot_id /proc/sys/fs/file-nr /proc/sys/fs/inode-nr
/proc/sys/fs/dentry-state /proc/sys/fs/inode-state /proc/sys/kernel/pty/nr
/sys/block /sys/class /sys/kernel/slab /sys/fs/ext4/features /sys/devices/virtual /sys/devices/platform
/sys/fs/cgroup/memory/memory.max_usage_in_bytes /sys/fs/cgroup/memory/memory.failcnt
/sys/fs/cgroup/memory/memory.memsw.max_usage_in_bytes /sys/fs/cgroup/cpuacct/cpuacct.usage_percpu
/sys/fs/cgroup/cpuacct/cpuacct.stat /sys/fs/cgroup/blkio/blkio.throttle.io_service_bytes
/sys/fs/cgroup/pids/pids.peak /sys/fs/cgroup/memory.peak /sys/fs/cgroup/pids.peak /sys/fs/cgroup/io.stat
"""
NEEDED = "/proc/cpuinfo /proc/meminfo /proc/stat /proc/self/status /sys/devices/system/cpu/online"
LIMITS = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max")


def look(path):
    if os.path.isdir(path):
        return os.listdir(path) or hidden()
    with open(path, "rb") as file:
        return file.read(100) or hidden()


def hidden():
    raise PermissionError(13, "empty")


for path in HIDDEN.split():
    refused(path, lambda: look(path), 1, 2, 13)
for path in NEEDED.split():
    works(path, look(path))
works("the memory limit", any(os.path.exists(path) and look(path) for path in LIMITS))
works("a number by chance", os.urandom(8) != os.urandom(8))
the_end()
