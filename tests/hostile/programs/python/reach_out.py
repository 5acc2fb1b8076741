"""
Class: network
Attacks: the network, by Python's ways: names, TCP, UDP, raw and packet sockets, netlink, HTTP, the
  engine's socket, and a socket handed in from the outside.
Invariant: no program reaches the network, the host or another job.
Allowed: accepted
With: attack.py
Tries: 20
"""

import errno
import os
import socket
import stat
import urllib.request

from attack import refused, the_end, works

NO_NAME = (socket.EAI_AGAIN, socket.EAI_NONAME, socket.EAI_FAIL)
for host in ("example.com", "host.docker.internal", "metadata.google.internal", "gateway"):
    refused(f"the name {host}", lambda: socket.getaddrinfo(host, 80), *NO_NAME)
for host in ("172.17.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "127.0.0.1", "::1"):
    refused(f"TCP to {host}", lambda: socket.create_connection((host, 80), timeout=3))
for family, kind, number in (
    (socket.AF_INET, socket.SOCK_DGRAM, 0), (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    (socket.AF_INET6, socket.SOCK_DGRAM, 0), (socket.AF_PACKET, socket.SOCK_RAW, 0x300),
    (socket.AF_NETLINK, socket.SOCK_RAW, 0), (socket.AF_VSOCK, socket.SOCK_STREAM, 0),
    (socket.AF_ALG, socket.SOCK_SEQPACKET, 0), (socket.AF_BLUETOOTH, socket.SOCK_RAW, 1),
):
    refused(f"a socket of {family.name}", lambda: socket.socket(family, kind, number))
refused("HTTP", lambda: urllib.request.urlopen("http://169.254.169.254/", timeout=3), None)
for path in ("/var/run/docker.sock", "/run/docker.sock"):
    refused(path, lambda: socket.socket(socket.AF_UNIX).connect(path), errno.ENOENT)
works("no socket among the descriptors", not any(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in range(3)))
the_end()
