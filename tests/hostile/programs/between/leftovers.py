"""
Attacks: what the next test of a Python program begins with: processes that outlive it, files in every
  folder, another program and modules in place of its own, what multiprocessing keeps by name.
Invariant: before each test all of it is as it was before the first.
Input: words, each a thing to do: leave, look, or an end: sleep, crash, hungry, flood, exit.
Items: processes, threads' files, files, program, modules, start-up files, shared memory, semaphores,
  abstract socket, path socket, temporary files, work folder, descriptors, streams, environment,
  attributes, priority, space
Bites: processes, threads' files, files, program, modules, start-up files, shared memory, semaphores,
  abstract socket, path socket, temporary files, work folder, descriptors, streams, environment,
  attributes, priority, space
"""

import fcntl
import os
import shutil
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
from multiprocessing import get_context, shared_memory

FOLDERS = ("/work", "/tmp", "/dev/shm")
SOURCE = os.path.abspath(__file__)
MODULES = ("random.py", "json.py", "string.py", "_heapq.py", "sitecustomize.py", "usercustomize.py")
AT_START = [int(name) for name in os.listdir("/proc/self/fd")]
KEPT = []


def others():
    own = {os.getpid(), 1}
    return [name for name in os.listdir("/proc") if name.isdigit() and int(name) not in own]


def leave_processes():
    ready, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, signal.NSIG):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            os.write(told, b"x")
            while True:
                time.sleep(0.01)
                try:
                    with open("/tmp/alive", "a") as file:
                        file.write("still here\n")
                except OSError:
                    pass
        os._exit(0)
    os.wait()
    os.read(ready, 1)
    os.close(ready)
    os.close(told)


def look_processes():
    return [f"process {name}" for name in others()]


def leave_threads():
    def write_on():
        while True:
            try:
                with open(f"/tmp/thread-{time.monotonic_ns() % 1000}", "w") as file:
                    file.write("late")
            except OSError:
                pass
            time.sleep(0.001)

    for _ in range(4):
        threading.Thread(target=write_on, daemon=True).start()
    time.sleep(0.02)


def look_threads():
    time.sleep(0.05)
    return [name for name in os.listdir("/tmp") if name.startswith("thread-")]


def leave_files():
    for folder, folders, _ in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys")]
        try:
            with open(os.path.join(folder, "left.txt"), "w") as file:
                file.write("left")
            os.makedirs(os.path.join(folder, "left-folder/closed"), exist_ok=True)
            os.chmod(os.path.join(folder, "left-folder"), 0)
        except OSError:
            pass


def look_files():
    found = []
    for folder, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys")]
        found += [os.path.join(folder, name) for name in names + folders if name.startswith("left")]
    return found


def leave_program():
    code = "print('program: FOUND rewritten')\n"
    shutil.copy(SOURCE, "/work/copy.py")
    with open(SOURCE, "w") as file:
        file.write(code)
    os.utime(SOURCE, (0, 0))


def look_program():
    with open(SOURCE) as file:
        text = file.read()
    return [] if "def look_program" in text and os.stat(SOURCE).st_mtime > 1e9 else ["rewritten"]


def leave_modules():
    for name in MODULES:
        with open(os.path.join("/work", name), "w") as file:
            file.write("raise SystemExit('taken over')\n")
    os.makedirs("/work/__pycache__", exist_ok=True)
    with open(f"/work/__pycache__/main.{sys.implementation.cache_tag}.pyc", "wb") as file:
        file.write(b"\0" * 16)


def look_modules():
    return [name for name in (*MODULES, "__pycache__") if os.path.exists(os.path.join("/work", name))]


def homes():
    return {os.path.expanduser("~"), os.environ.get("HOME", "/"), "/work", "/tmp"}


def leave_start_up():
    for home in homes():
        folder = f"{home}/.local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
        try:
            os.makedirs(folder, exist_ok=True)
            with open(f"{folder}/left.pth", "w") as file:
                file.write("import os; print('start-up files: FOUND by running')\n")
        except OSError:
            pass


def look_start_up():
    return [f"{home}/.local" for home in homes() if os.path.exists(f"{home}/.local")]


def leave_memory():
    KEPT.append(shared_memory.SharedMemory("kept", create=True, size=4096))


def look_memory():
    try:
        shared_memory.SharedMemory("kept").close()
    except OSError:
        return []
    return ["it is there"]


def leave_semaphores():
    KEPT.append(get_context("spawn").Semaphore(3))


def look_semaphores():
    return [name for name in os.listdir("/dev/shm") if name.startswith("sem.")]


def leave_socket(address):
    KEPT.append(socket.socket(socket.AF_UNIX))
    KEPT[-1].bind(address)
    KEPT[-1].listen()


def look_socket(address):
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(address)
        except OSError:
            return []
    return ["somebody listens"]


def leave_temporary():
    for _ in range(5):
        KEPT.append(tempfile.NamedTemporaryFile(delete=False))
        KEPT.append(tempfile.mkdtemp())
        KEPT.append(tempfile.mkstemp(dir="/dev/shm"))


def look_temporary():
    return [name for folder in ("/tmp", "/dev/shm") for name in os.listdir(folder) if name.startswith("tmp")]


def leave_work():
    os.makedirs("/work/data", exist_ok=True)
    with open("/work/data/answers.txt", "w") as file:
        file.write("42\n")


def look_work():
    return [name for name in os.listdir("/work") if name != os.path.basename(SOURCE)]


def leave_descriptors():
    for number in range(100, 110):
        os.dup2(os.open("/tmp", os.O_RDONLY), number, inheritable=True)


def look_descriptors():
    now = [number for number in range(100, 110) if os.path.exists(f"/proc/self/fd/{number}")]
    # Beside the streams there was the list itself, and the program's file while it was read.
    return [f"descriptor {number}" for number in {*AT_START, *now} if number > 4]


def leave_streams():
    for number in range(3):
        fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_NONBLOCK)


def look_streams():
    flags = [fcntl.fcntl(number, fcntl.F_GETFL) for number in range(3)]
    return [f"flags of {number}" for number, value in enumerate(flags) if value & os.O_NONBLOCK]


def leave_environment():
    os.environ["LEFT"] = "1"
    os.environ["PYTHONPATH"] = "/tmp"
    os.umask(0o707)
    os.chdir("/tmp")


def look_environment():
    mask = os.umask(0o022)
    odd = [name for name in os.environ if name in ("LEFT", "PYTHONPATH")]
    return odd + ["umask"] * (mask == 0o707) + ["folder"] * (os.getcwd() != "/work")


def leave_attributes():
    try:
        os.setxattr("/work", "user.left", b"left")
    except OSError:
        pass
    os.chmod("/work", 0o777)
    os.utime("/work", (946684800, 946684800))


def look_attributes():
    status = os.stat("/work")
    wrong = [] if stat.S_IMODE(status.st_mode) == 0o700 else [oct(status.st_mode)]
    return wrong + os.listxattr("/work") + ["time"] * (status.st_mtime == 946684800)


def leave_priority():
    os.nice(10)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def look_priority():
    return [f"nice {os.nice(0)}"] * (os.nice(0) != 0 or os.sched_getscheduler(0) != os.SCHED_OTHER)


def leave_space():
    for folder in FOLDERS:
        for number in range(64):
            try:
                with open(f"{folder}/full-{number}", "wb", buffering=0) as file:
                    for _ in range(256):
                        file.write(bytes(1 << 16))
            except OSError:
                if not os.path.exists(f"{folder}/full-{number}"):
                    break


def look_space():
    used = {folder: os.statvfs(folder) for folder in FOLDERS}
    used = {folder: (s.f_blocks - s.f_bfree) * s.f_frsize >> 10 for folder, s in used.items()}
    return [f"{folder}: {size} kB" for folder, size in used.items() if size > 256]


ITEMS = {
    "abstract socket": (lambda: leave_socket("\0left"), lambda: look_socket("\0left")),
    "path socket": (lambda: leave_socket("/tmp/socket"), lambda: look_socket("/tmp/socket")),
    "descriptors": (leave_descriptors, look_descriptors),
    "shared memory": (leave_memory, look_memory),
    "semaphores": (leave_semaphores, look_semaphores),
    "processes": (leave_processes, look_processes),
    "threads' files": (leave_threads, look_threads),
    "files": (leave_files, look_files),
    "program": (leave_program, look_program),
    "modules": (leave_modules, look_modules),
    "start-up files": (leave_start_up, look_start_up),
    "temporary files": (leave_temporary, look_temporary),
    "work folder": (leave_work, look_work),
    "attributes": (leave_attributes, look_attributes),
    "space": (leave_space, look_space),
    "streams": (leave_streams, look_streams),
    "environment": (leave_environment, look_environment),
    "priority": (leave_priority, look_priority),
}


def leave():
    for leave_item, _ in ITEMS.values():
        leave_item()


def look():
    for name, (_, look_item) in ITEMS.items():
        found = look_item()
        os.write(1, f"{name}: {'FOUND ' + repr(found[0]) if found else 'clean'}\n".encode())


def end(word):
    while word == "sleep":
        time.sleep(1)
    os.set_blocking(1, True)
    while word == "flood":
        os.write(1, b"flood" * 1000)
    while word == "hungry":
        KEPT.append(b"x" * (1 << 20))
    if word == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "exit":
        os._exit(3)


for word in sys.stdin.read().split():
    {"leave": leave, "look": look}.get(word, lambda: end(word))()
os._exit(0)  # without what Python would clear away itself
