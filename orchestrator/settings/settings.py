"""Every setting, in one frozen class; read from the environment and from `.env`.

`docs/reference/settings.md` has a line for each; a test demands it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from orchestrator.errors import ConfigurationError
from orchestrator.settings.access import AccessSettings
from orchestrator.settings.consistency import contradictions
from orchestrator.settings.engine import EmbeddedSettings
from orchestrator.settings.http import ConnectionSettings, PistonSettings
from orchestrator.settings.images import ImageSettings
from orchestrator.settings.jobs import CompileSettings, DiskSettings, JudgingSettings

AUTO = "auto"
MIN_CPUS = 0.01
MUCH_MEMORY_MB = 2048
NEEDED_MB = 384
"""What is left to the server, its engine (160 together) and the sandboxes that wait, at least."""
LITTLE_MB = 128
"""A slot more is worth having only where there is at least so much memory for it."""
_POOL_PATTERN = r"^\s*(\d{1,4}|[^\s=,]+=\d{1,4}(\s*,\s*[^\s=,]+=\d{1,4})*)?\s*$"

Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1, le=1 << 30)]


class Settings(
    AccessSettings,
    CompileSettings,
    ConnectionSettings,
    DiskSettings,
    JudgingSettings,
    PistonSettings,
    ImageSettings,
    EmbeddedSettings,
):
    """The service's settings. Names are the environment variables' names in lower case."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True
    )

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a server in a container
    port: int = Field(3000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")

    max_code_size: Bytes = Field(
        100_000, description="Longest source file, in characters (bytes for a base64 file)."
    )
    max_file_size: Bytes = Field(
        2 << 20, description="Longest file that is no source: a header, or data; as MAX_CODE_SIZE."
    )
    max_files: Annotated[int, Field(ge=1, le=1000)] = Field(
        64, description="Most files in a submission."
    )
    max_input_size: Bytes = Field(2 << 20, description="Most bytes of `input`.")
    max_args: Annotated[int, Field(ge=0, le=1000)] = Field(
        64, description="Most `args`, `compile_args` and `env` entries, each."
    )
    max_args_size: Annotated[int, Field(ge=0, le=65_536)] = Field(
        32_768, description="Most bytes in `args`, `compile_args` and `env`, each."
    )
    max_body_size: Bytes = Field(4 << 20, description="Most bytes of a request body.")
    body_timeout: Seconds = Field(
        10.0, description="Seconds a client has to send its request body."
    )

    answer_timeout: Seconds = Field(
        10.0, description="Seconds a client has to take its answer; then it is hung up on."
    )
    stream_buffer: Bytes = Field(
        262_144,
        description="Bytes of output held for a stream's reader that is behind; beyond it the "
        "program waits.",
    )
    ws_idle_timeout: Seconds = Field(
        60.0,
        description="Seconds a WebSocket may be without a message either way while its program "
        "runs; then its job ends.",
    )
    drain_timeout: Annotated[float, Field(ge=0, le=3600)] = Field(
        5.0, description="Seconds running jobs get after SIGTERM before they end as cancelled."
    )

    execution_timeout: Milliseconds = Field(
        5000, description="Wall time of a run when the client names none, in ms."
    )
    max_timeout: Milliseconds = Field(60_000, description="Longest time a client may ask, in ms.")
    max_job_ms: Milliseconds = Field(
        120_000, description="Longest life of a job once it has a slot, in ms."
    )
    max_output_size: Bytes = Field(
        100_000, description="Most bytes of stdout, and of stderr, a run may print."
    )
    max_returned_output: Bytes = Field(
        1_000_000,
        description="Most bytes of all tests' outputs and transcripts together that an answer "
        "returns.",
    )
    max_memory_mb: Annotated[int, Field(ge=16, le=65_536)] = Field(
        512, description="Most memory a client may ask, in MiB."
    )
    max_processes: Annotated[int, Field(ge=4, le=4096)] = Field(
        512, description="Most processes and threads a client may ask."
    )
    job_cpus: Annotated[float, Field(ge=0, le=256)] = Field(
        0, description="CPUs a job may use; 0 means 2, at most the machine's."
    )

    max_jobs: Annotated[int, Field(ge=0, le=1024)] = Field(
        0, description="Jobs at once; 0 means twice the CPUs, one for every 128 MiB at most."
    )
    max_queue: Annotated[int, Field(ge=0, le=100_000)] = Field(
        64, description="Requests that may wait for a slot; beyond it they get 429."
    )
    memory_budget_mb: Annotated[int, Field(ge=0, le=1 << 24)] = Field(
        0,
        description="Memory all running jobs may reserve, in MiB; 0 means 3/4 of what there is, "
        "and all but 384 at most.",
    )

    docker_host: str = Field(
        "unix:///var/run/docker.sock", description="The engine's socket; only unix:// is spoken."
    )
    engine_timeout: Seconds = Field(30.0, description="Deadline of every engine call, in seconds.")
    engine_threads: Annotated[int, Field(ge=1, le=256)] = Field(
        8, description="Threads for engine calls, each with a connection of its own."
    )
    engine_interval: Seconds = Field(
        2.0, description="Seconds between looks whether the engine is still there."
    )
    engine_patience: Annotated[float, Field(ge=0, le=3600)] = Field(
        10.0,
        description="Seconds an accepted job waits for an engine that has gone away; then it is "
        "answered with 503.",
    )
    runtime: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] = Field(
        AUTO,
        description="The engine's runtime for sandboxes (runc, crun, runsc); auto: crun where the "
        "engine has it and it passes the self-test, else the engine's default.",
    )
    pool: Annotated[str, Field(pattern=_POOL_PATTERN)] = Field(
        "",
        description="Sandboxes kept waiting: a number for every language, or `python=4,java=1` for "
        "some; empty: as each language's own file says; 0: none.",
    )
    pool_memory_mb: Annotated[int, Field(ge=0, le=1 << 24)] = Field(
        0, description="Memory that waiting sandboxes may take, in MiB; 0: 1/8 of the machine's."
    )
    pool_max_age: Seconds = Field(
        600.0, description="Seconds a sandbox waits at most before a fresh one takes its place."
    )
    compile_server: Annotated[str, Field(pattern=r"^(auto|on|off)$")] = Field(
        AUTO,
        description="on: waiting sandboxes have a compiler started, where the language has such "
        "a one; auto: where the machine has more than 2 GiB.",
    )
    compile_cache_mb: Annotated[int, Field(ge=0, le=1 << 20)] = Field(
        32, description="Memory for compilations to be used again, in MiB; 0: none is kept."
    )
    fast_toolchain: bool = Field(
        True,  # noqa: FBT003 - pydantic's own form
        description="Compile and run with each language's `fast` arguments.",
    )
    state_dir: Path = Field(
        Path(".state"),
        description="Where the instance id and the self-test's memory are kept; one per server.",
    )
    sweep_interval: Seconds = Field(60.0, description="Seconds between sweeps for leftovers.")
    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = Field(
        "info", description="debug, info, warning or error."
    )
    log_format: Annotated[str, Field(pattern=r"^(auto|json|text)$")] = Field(
        "auto",
        description="json: an object per line; text: for people; auto: text on a terminal.",
    )

    @field_validator("job_cpus")
    @classmethod
    def _engine_takes_it(cls, value: float) -> float:
        if 0 < value < MIN_CPUS:
            raise ValueError(f"0 (the default) or at least {MIN_CPUS}: the engine takes no less")
        return value

    @field_validator("docker_host")
    @classmethod
    def _only_unix_sockets(cls, value: str) -> str:
        if not value.startswith("unix://"):
            raise ValueError("only a unix:// socket is spoken; an engine over TCP is not")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.execution_timeout > self.max_timeout:
            raise ValueError("EXECUTION_TIMEOUT is larger than MAX_TIMEOUT")
        if set(self.admin_keys) & set(self.api_keys):
            raise ValueError("ADMIN_KEY and API_KEY share a key")
        for text in contradictions(vars(self), self.model_fields_set):
            raise ValueError(text)
        return self

    @cached_property
    def cpus_per_job(self) -> float:
        """`JOB_CPUS`, resolved and never more than the machine has."""
        return min(self.job_cpus or 2.0, float(self.cpus))

    @cached_property
    def slots(self) -> int:
        """`MAX_JOBS`, resolved."""
        by_memory = max(1, self.memory_budget // LITTLE_MB)
        return self.max_jobs or min(2 * self.cpus, by_memory)

    @cached_property
    def pool_sizes(self) -> Mapping[str, int]:
        """`POOL` by language id; the size for languages not named is under "", if there is one."""
        items = [item.partition("=") for item in self.pool.split(",") if item.strip()]
        return {name.strip() if size else "": int(size or name) for name, _, size in items}

    @cached_property
    def pool_budget(self) -> int:
        """`POOL_MEMORY_MB`, resolved, in MiB."""
        return self.pool_memory_mb or self.total_memory_mb // 8

    @cached_property
    def compile_cache_bytes(self) -> int:
        """`COMPILE_CACHE_MB` in bytes."""
        return self.compile_cache_mb << 20

    @cached_property
    def uses_compile_servers(self) -> bool:
        """`COMPILE_SERVER`, resolved."""
        if self.compile_server == AUTO:
            return self.total_memory_mb > MUCH_MEMORY_MB
        return self.compile_server == "on"

    @cached_property
    def memory_budget(self) -> int:
        """`MEMORY_BUDGET_MB`, resolved, in MiB."""
        total = self.total_memory_mb
        return self.memory_budget_mb or max(LITTLE_MB, total - max(total // 4, NEEDED_MB))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raises ConfigurationError with one line that names the first bad one."""
    try:
        return Settings(**overrides)
    except ValidationError as err:
        first = err.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        text = first["msg"].removeprefix("Value error, ")
        where = f"setting {name}: " if name else "settings: "
        raise ConfigurationError(where + text) from err
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigurationError(f".env can't be read: {err}") from err
