"""An honest program that runs beside every attack: it computes, writes, reads, forks, and uses what
memory, files and processes it may. It prints the same each time, whoever runs beside it."""

import hashlib
import os
import subprocess
import sys
import threading

text = sys.stdin.read()
print("input", hashlib.sha256(text.encode()).hexdigest())

digest = hashlib.sha256(text.encode())
for _ in range(60_000):
    digest = hashlib.sha256(digest.digest())
print("chain", digest.hexdigest())

held = [bytes([number]) * (1 << 20) for number in range(48)]
print("memory", hashlib.sha1(b"".join(held[::5])).hexdigest())

for folder in ("/work", "/tmp", "/dev/shm"):
    for number in range(40):
        with open(f"{folder}/file{number}", "wb") as file:
            file.write(held[number][: 1 << 16])
    sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder) if entry.name.startswith("file")}
    print(folder, len(sizes), sum(sizes.values()))

child = subprocess.run(["sort", "-r"], input="\n".join(map(str, range(2000))), capture_output=True, text=True)
print("child", child.returncode, hashlib.sha1(child.stdout.encode()).hexdigest())

results = [0] * 8


def count(number):
    results[number] = sum(range(number * 10_000))


threads = [threading.Thread(target=count, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("threads", sum(results))

reading, writing = os.pipe()
pids = []
for number in range(4):
    pids.append(os.fork())
    if pids[-1] == 0:
        os.write(writing, bytes([number]))
        os._exit(number)
print("exits", [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids], sorted(os.read(reading, 4)))
print("all done")
