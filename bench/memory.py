"""(d) What an idle server holds: itself, its sandboxes, the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from bench import procfs
from bench.context import Context
from bench.errors import BenchError
from bench.server import Server
from orchestrator.sandbox.spec import LABEL_INSTANCE


@dataclass(frozen=True, slots=True)
class Held:
    """A sandbox's memory in MB, and whether something is prepared in it beside the agent."""

    shim_mb: float
    cgroup_mb: float
    is_prepared: bool

    @property
    def total_mb(self) -> float:
        """What it costs the machine."""
        return self.shim_mb + self.cgroup_mb


async def measure_memory(context: Context, server: Server) -> None:
    """Figures `memory.…` in MB. Raises BenchError where there is no sandbox to look at."""
    await server.settle()
    book = context.book
    book.put("memory.server.pss", procfs.pss_mb(server.pid), "MB")
    book.put("memory.server.rss", procfs.rss_mb(server.pid), "MB")
    _measure_engine(context)
    sandboxes = await _look_at_sandboxes(context, server)
    if not sandboxes:
        raise BenchError("no sandbox is kept ready: nothing to measure per sandbox")
    for language, held in sandboxes.items():
        for part in ("shim", "cgroup", "total"):
            value = fmean(getattr(each, f"{part}_mb") for each in held)
            book.put(f"memory.{language}.{part}", value, "MB", len(held))
    plain = [each.total_mb for held in sandboxes.values() for each in held if not each.is_prepared]
    if plain:
        book.put("memory.sandbox", fmean(plain), "MB", len(plain))
    _measure_compile_server(context, sandboxes)
    context.say(f"  server {book['memory.server.pss']:.1f} MB; " + _in_words(sandboxes))


def _measure_engine(context: Context) -> None:
    """dockerd, and the containerd it has started or found."""
    dockerd = procfs.listener_pid(context.engine.socket_path)
    named = [each for each in procfs.processes() if each.name == "containerd"]
    own = [each for each in named if each.parent == dockerd] or named
    context.book.put("memory.dockerd.rss", procfs.rss_mb(dockerd), "MB")
    if own:
        context.book.put("memory.containerd.rss", procfs.rss_mb(own[0].pid), "MB")


async def _look_at_sandboxes(context: Context, server: Server) -> dict[str, list[Held]]:
    """By language."""
    languages = {each.digest: name for name, each in context.installed.items()}
    found: defaultdict[str, list[Held]] = defaultdict(list)
    for listed in await context.engine.list_containers([f"{LABEL_INSTANCE}={server.instance}"]):
        container = await context.engine.inspect_container(listed["Id"])
        agent = procfs.process(container["State"]["Pid"])
        cgroup = procfs.memory_cgroup(agent.pid)
        held = Held(procfs.pss_mb(agent.parent), cgroup.usage_mb, len(cgroup.members) > 1)
        found[languages[container["Image"]]].append(held)
    return dict(found)


def _measure_compile_server(context: Context, sandboxes: Mapping[str, list[Held]]) -> None:
    """A Java sandbox with something prepared in it, less what any other one takes."""
    warm = [each.total_mb for each in sandboxes.get("java", []) if each.is_prepared]
    others = [each.total_mb for held in sandboxes.values() for each in held if not each.is_prepared]
    if warm and others:
        extra = fmean(warm) - fmean(others)
        context.book.put("memory.compile_server", extra, "MB", len(warm))


def _in_words(sandboxes: Mapping[str, list[Held]]) -> str:
    return ", ".join(
        f"{language} {fmean(each.total_mb for each in held):.1f}"
        for language, held in sandboxes.items()
    )
