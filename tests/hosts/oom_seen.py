"""Beside an embedded engine: whether it says of a container that it was killed for its memory."""

from __future__ import annotations

import json
import sys

import docker

HOG = "b'x' * (200 << 20)"
LIMIT = 64 << 20

client = docker.APIClient("unix:///var/run/docker.sock", version="auto", timeout=300)
seen = {}
for runtime in sorted({"runc", "crun"} & set(client.info()["Runtimes"])):
    made = client.create_container(
        "codebae-runner/python:current",
        entrypoint=["/usr/bin/python3", "-c", HOG],
        network_disabled=True,
        host_config=client.create_host_config(
            mem_limit=LIMIT, memswap_limit=LIMIT, network_mode="none", runtime=runtime
        ),
    )["Id"]
    try:
        client.start(made)
        client.wait(made, timeout=300)
        seen[runtime] = client.inspect_container(made)["State"]["OOMKilled"]
    except docker.errors.APIError as err:  # it starts nothing here: the self-test refuses it, too
        print(runtime, err.explanation)  # noqa: T201 - that is what it is for
    finally:
        client.remove_container(made, force=True)
print(json.dumps(seen))  # noqa: T201
sys.exit(not (seen and all(seen.values())))
