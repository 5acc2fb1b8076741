from __future__ import annotations

import contextlib
import itertools
import struct
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import ProtocolError
from orchestrator.sandbox.model import LimitHit, Signal, Stage, StageCause, StageKind
from orchestrator.sandbox.protocol.frames import (
    MAX_PAYLOAD,
    PROTOCOL_VERSION,
    Frame,
    FrameDecoder,
    FromAgent,
    Ready,
    ToAgent,
    encode,
    encode_file,
    encode_pack,
    encode_prepare,
    encode_signal,
    encode_stage,
    encode_stdin,
    parse_answer,
    parse_credit,
    parse_exit,
    parse_memory,
    parse_ready,
)
from tests.agent_wire import (
    HEADER,
    Reference,
    cut,
    describe,
    frame_from_agent,
    hexed,
    pack_exit,
    pack_memory,
)
from tests.sandbox_support import SOCKET, make_stage

AGENT_TEST_IMAGE = "codebae-runner/agent-test:current"
U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)

# What may travel in a string: anything but NUL, and no lone surrogates (UTF-8 has none).
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
part = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in {".", ".."})
paths = st.lists(part, min_size=1, max_size=3).map("/".join)
names = text.filter(lambda name: name != "" and "=" not in name)
stages = st.builds(
    Stage,
    kind=st.sampled_from(StageKind),
    argv=st.lists(text, min_size=1, max_size=5).map(tuple),
    wall_ms=U32,
    wall_most_ms=U32,
    cpu_ms=U32,
    stack_kb=U32,
    stdout_limit=U32,
    stderr_limit=U32,
    env=st.dictionaries(names, text, max_size=4),
    by_prepared=st.booleans(),
)
sizes_at_the_edge = st.sampled_from([0, 1, MAX_PAYLOAD - 300, MAX_PAYLOAD, 2 * MAX_PAYLOAD + 1])


frames = st.builds(Frame, st.sampled_from(FromAgent), st.binary(max_size=200))


@given(paths, st.binary(max_size=500), st.booleans())
def test_a_small_file_is_encoded_in_one_frame(
    path: str,
    content: bytes,
    build: bool,  # noqa: FBT001 - hypothesis passes by position
) -> None:
    (frame,) = encode_file(path, content, build=build, work=True)
    targets = 3 if build else 2
    assert describe(frame) == [f"file {targets} 0 {hexed(path.encode())} {hexed(content)}"]


@settings(max_examples=25)
@given(paths, st.binary(min_size=1, max_size=3), st.integers(-2, 2), st.integers(0, 3))
def test_a_long_file_comes_back_whole_from_frames_of_the_largest_size(
    path: str, pattern: bytes, off: int, pieces: int
) -> None:
    room = MAX_PAYLOAD - len(path.encode()) - 6
    size = max(pieces * room + off, 0)
    content = (pattern * size)[:size]
    found = list(encode_file(path, content, build=True, work=False))
    assert len(found) == max(-(-size // room), 1)
    assert all(len(frame) == HEADER + MAX_PAYLOAD for frame in found[:-1])
    joined = b""
    for index, (kind, payload) in enumerate(cut(b"".join(found))):
        fields = Reference(payload)
        assert (kind, fields.number(1), fields.number(1)) == (1, 1, min(index, 1))
        assert fields.string().decode() == path
        joined += fields.rest
    assert joined == content


@given(stages)
def test_a_stage_frame_has_every_field_but_stdin(stage: Stage) -> None:
    ((kind, payload),) = cut(encode_stage(stage))
    fields = Reference(payload)
    assert kind == 2
    assert ("compile", "run", "by_prepared")[fields.number(1) - 1] == (
        "by_prepared" if stage.by_prepared else stage.kind
    )
    first = (stage.wall_ms, stage.wall_most_ms, stage.cpu_ms, stage.stack_kb)
    assert tuple(fields.number(4) for _ in range(4)) == first
    assert [fields.number(4) for _ in range(2)] == [stage.stdout_limit, stage.stderr_limit]
    assert tuple(raw.decode() for raw in fields.strings()) == stage.argv
    pairs = (raw.decode().split("=", 1) for raw in fields.strings())
    assert dict(pairs) == stage.env
    assert fields.rest == b""


@given(stages, U32)
def test_prepare_and_pack_frames_are_encoded_as_documented(stage: Stage, most: int) -> None:
    ((kind, payload),) = cut(encode_prepare(stage.argv, stage.env))
    fields = Reference(payload)
    assert kind == 7
    assert tuple(raw.decode() for raw in fields.strings()) == stage.argv
    assert dict(raw.decode().split("=", 1) for raw in fields.strings()) == stage.env
    assert fields.rest == b""
    assert describe(encode_pack(most)) == [f"pack {most}"]


def test_a_signal_is_sent_by_its_number_and_kill_as_the_end_of_the_stage() -> None:
    sent = [describe(encode_signal(signal)) for signal in (Signal.INT, Signal.TERM, Signal.KILL)]
    assert sent == [["signal 2"], ["signal 15"], ["kill"]]


@pytest.mark.parametrize("size", [0, 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 3 * MAX_PAYLOAD])
def test_stdin_is_cut_into_frames_that_fit(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    pieces = [payload for _, payload in cut(encode_stdin(memoryview(data)))]
    assert b"".join(pieces) == data
    assert len(pieces) == -(-size // MAX_PAYLOAD)


@given(st.integers(0, (1 << 64) - 1))
def test_a_memory_frame_is_parsed_as_it_was_encoded(held: int) -> None:
    ((_, payload),) = cut(pack_memory(held))
    assert parse_memory(payload) == held
    with pytest.raises(ProtocolError, match="memory frame of 7 bytes"):
        parse_memory(payload[1:])
    assert describe(encode(ToAgent.MEASURE)) == ["measure"]


@pytest.mark.parametrize("kind", [FromAgent.STARTED, FromAgent.ARTEFACT_END, FromAgent.PREPARED])
def test_an_answer_frame_holds_a_single_0_or_1(kind: FromAgent) -> None:
    assert [parse_answer(Frame(kind, raw)) for raw in (b"\0", b"\1")] == [False, True]
    for raw in (b"", b"\2", b"\0\0"):
        with pytest.raises(ProtocolError, match=f"{kind.name.lower()} frame of"):
            parse_answer(Frame(kind, raw))


@pytest.mark.parametrize("kind", ToAgent)
def test_a_payload_of_the_largest_size_is_sent_and_one_more_byte_is_not(kind: ToAgent) -> None:
    assert list(cut(encode(kind, b"x" * MAX_PAYLOAD))) == [(kind, b"x" * MAX_PAYLOAD)]
    with pytest.raises(ProtocolError, match="262145"):
        encode(kind, b"x" * (MAX_PAYLOAD + 1))


def test_a_stage_that_is_too_large_for_a_frame_is_refused() -> None:
    with pytest.raises(ProtocolError, match="frame of"):
        encode_stage(make_stage("x" * MAX_PAYLOAD))


@given(st.lists(frames, max_size=8), st.data())
def test_the_decoder_returns_the_same_frames_however_the_stream_is_chunked(
    sent: list[Frame], data: st.DataObject
) -> None:
    stream = b"".join(frame_from_agent(frame.type, frame.payload) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    decoder = FrameDecoder()
    found = []
    for start, end in itertools.pairwise([0, *cuts, len(stream)]):
        found += decoder.feed(stream[start:end])
    assert found == sent


@given(st.lists(frames, min_size=1, max_size=4))
def test_a_frame_comes_with_its_last_byte_and_not_before(sent: list[Frame]) -> None:
    decoder = FrameDecoder()
    for frame in sent:
        *head, last = frame_from_agent(frame.type, frame.payload)
        assert [decoder.feed(bytes([byte])) for byte in head] == [[]] * len(head)
        assert decoder.feed(bytes([last])) == [frame]


def test_a_frame_of_the_largest_size_is_read() -> None:
    payload = bytes(MAX_PAYLOAD)
    assert FrameDecoder().feed(frame_from_agent(0x83, payload)) == [
        Frame(FromAgent.STDOUT, payload)
    ]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(struct.pack(">IB", MAX_PAYLOAD + 1, 0x83), id="one byte too long"),
        pytest.param(struct.pack(">IB", 2**32 - 1, 0x83), id="as long as can be said"),
        pytest.param(struct.pack(">IB", 0, 0x00), id="no type"),
        pytest.param(struct.pack(">IB", 0, 0x01), id="a type of ours"),
        pytest.param(struct.pack(">IB", 0, 0x8C), id="a type after the last"),
    ],
)
def test_a_bad_header_is_refused_before_any_of_its_payload_is_kept(header: bytes) -> None:
    decoder = FrameDecoder()
    assert decoder.feed(header[:4]) == []
    with pytest.raises(ProtocolError, match="frame"):
        decoder.feed(header[4:])


USAGE = st.tuples(U64, U64, U64, U64, U32)


@given(st.integers(-1, 255), st.integers(0, 64), st.integers(0, 3), USAGE)
def test_an_exit_frame_is_parsed_into_a_stage_report(
    code: int, signal: int, truncated: int, usage: tuple[int, int, int, int, int]
) -> None:
    report = parse_exit(pack_exit((code, signal, 0, truncated), usage=usage))
    assert (report.exit_code, report.signal) == ((None, signal) if signal else (code, None))
    found = (report.cpu_us, report.wall_us, report.given_back_us)
    assert (*found, report.memory_kb, report.oom_kills) == usage
    assert (report.stdout_truncated, report.stderr_truncated) == (
        truncated in {1, 3},
        truncated in {2, 3},
    )


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (0, StageCause.NONE),
        (1, StageCause.WALL),
        (2, StageCause.CPU),
        (3, StageCause.OUTPUT),
        (4, StageCause.KILLED),
    ],
)
def test_every_stage_cause_has_its_number(number: int, cause: StageCause) -> None:
    assert parse_exit(pack_exit((0, 0, number, 0))).cause is cause


def test_every_limit_hit_has_its_bit() -> None:
    bits = {
        1: LimitHit.PROCESSES,
        2: LimitHit.DISK,
        4: LimitHit.INODES,
        8: LimitHit.FILES,
        16: LimitHit.FILE_SIZE,
    }
    for mask in range(32):
        hit = {limit for bit, limit in bits.items() if mask & bit}
        assert parse_exit(pack_exit(limits=mask)).limits_hit == hit


@pytest.mark.parametrize(
    "payload",
    [pack_exit((0, 0, 5, 0)), pack_exit(limits=32), pack_exit()[:-1], pack_exit() + b"\0"],
)
def test_an_invalid_exit_frame_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="exit frame"):
        parse_exit(payload)


@given(st.integers(0, 2**16 - 1), U32)
def test_ready_and_credit_are_read_as_they_are_written(version: int, window: int) -> None:
    assert parse_ready(struct.pack(">HI", version, window)) == Ready(version, window)
    assert parse_credit(struct.pack(">I", window)) == window


@given(st.binary(max_size=20).filter(lambda raw: len(raw) != 6))
def test_ready_of_another_size_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="ready frame of"):
        parse_ready(payload)


@given(st.binary(max_size=20).filter(lambda raw: len(raw) != 4))
def test_credit_of_another_size_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="stdin_credit frame of"):
        parse_credit(payload)


# The C end, under ASan and UBSan: `echo_frames` of the agent's test image.

LISTEN = """
while read -r size chunk; do
    head -c "$size" | /usr/local/bin/echo_frames $chunk; echo "= $?"
done
"""
SAY = 'while read -r line; do /usr/local/bin/echo_frames $line | od -An -v -tx1; echo "="; done'


@contextlib.contextmanager
def agent_test(script: str) -> Iterator[subprocess.Popen[bytes]]:
    """One container for all examples: they go in and out through its stdin and stdout."""
    command = [
        "docker",
        "--host",
        SOCKET,
        "run",
        "--rm",
        "-i",
        "--network=none",
        "--entrypoint=/bin/sh",
    ]
    process = subprocess.Popen(
        [*command, AGENT_TEST_IMAGE, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def ask(process: subprocess.Popen[bytes], question: bytes) -> tuple[list[str], str]:
    """What was printed up to the line that begins with `=`, and that line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question)
    process.stdin.flush()
    lines = []
    while not (line := process.stdout.readline().decode().rstrip("\n")).startswith("="):
        assert process.poll() is None
        lines.append(line)
    return lines, line


@pytest.mark.docker
@pytest.mark.parametrize("path", ["a", "sub/b.class", "x" * 255])
@pytest.mark.parametrize("flags", range(4))
def test_a_packed_file_is_what_we_would_send(path: str, flags: int) -> None:
    with agent_test(SAY) as process:
        dump, _ = ask(process, f"file_head {flags} {path}\n".encode())
    frame = encode(ToAgent.FILE, bytes.fromhex("".join(dump)) + b"content")
    assert describe(frame) == [f"file 1 {flags} {hexed(path.encode())} {hexed(b'content')}"]


def to_agent(content: bytes) -> st.SearchStrategy[bytes]:
    files = st.builds(
        lambda path, build: b"".join(encode_file(path, content, build=build, work=True)),
        paths,
        st.booleans(),
    )
    pieces = [content[at : at + MAX_PAYLOAD] for at in range(0, len(content), MAX_PAYLOAD)]
    stdin = b"".join(encode(ToAgent.STDIN, piece) for piece in pieces)
    rest = [stdin, *map(encode, (ToAgent.STDIN_END, ToAgent.DISMISS, ToAgent.MEASURE))]
    rest += map(encode_signal, Signal)
    executable = paths.map(
        lambda path: (
            encode(
                ToAgent.FILE,
                b"\1\2" + struct.pack(">I", len(path.encode())) + path.encode() + content,
            )
            if len(content) < MAX_PAYLOAD // 2
            else b""
        )
    )
    prepares = stages.map(lambda stage: encode_prepare(stage.argv, stage.env))
    return st.one_of(
        files,
        executable,
        stages.map(encode_stage),
        prepares,
        U32.map(encode_pack),
        st.sampled_from(rest),
    )


contents = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda n, b: b * n, sizes_at_the_edge, st.binary(min_size=1, max_size=1)),
)
streams = st.lists(contents.flatmap(to_agent), max_size=4).map(b"".join)


@pytest.mark.docker
def test_the_agent_reads_what_we_write_in_chunks_of_any_size() -> None:
    @settings(suppress_health_check=list(HealthCheck))
    @given(streams, st.sampled_from([1, 2, 7, 4096, 65_536, MAX_PAYLOAD + HEADER]))
    def check(stream: bytes, chunk: int) -> None:
        lines, status = ask(process, f"{len(stream)} {chunk}\n".encode() + stream)
        assert lines == describe(stream)
        assert status == "= 0"

    with agent_test(LISTEN) as process:
        check()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("stream", "last", "status"),
    [
        pytest.param(
            struct.pack(">IB", MAX_PAYLOAD + 1, 3) + bytes(MAX_PAYLOAD + 1), "error: ", 1, id="long"
        ),
        pytest.param(struct.pack(">IB", 0, 11), "error: ", 1, id="unknown type"),
        pytest.param(struct.pack(">IB", 0, 9), "error: signal: malformed", 1, id="no signal"),
        pytest.param(struct.pack(">IB2x", 2, 9), "error: signal: malformed", 1, id="two signals"),
        pytest.param(struct.pack(">IBB", 1, 9, 19), "error: signal: not a", 1, id="a stop"),
        pytest.param(struct.pack(">IBB", 1, 9, 0), "error: signal: not a", 1, id="signal 0"),
        pytest.param(struct.pack(">IB", 1, 5) + b"x", "error: ", 1, id="a kill with a payload"),
        pytest.param(struct.pack(">IB", 1, 8) + b"x", "error: ", 1, id="a dismissal with one"),
        pytest.param(struct.pack(">IB", 1, 10) + b"x", "error: ", 1, id="a measure with one"),
        pytest.param(struct.pack(">IB3x", 3, 6), "error: ", 1, id="a short bound of an artefact"),
        pytest.param(struct.pack(">IB4x", 4, 7), "error: ", 1, id="nothing to prepare"),
        pytest.param(
            struct.pack(">IBBBI", 7, 1, 1, 4, 1) + b"a", "error: file: bad flags", 1, id="a flag"
        ),
        pytest.param(encode(ToAgent.STDIN, b"cut")[:-1], "error: incomplete", 3, id="cut short"),
    ],
)
def test_the_agent_refuses_what_we_never_write(stream: bytes, last: str, status: int) -> None:
    with agent_test(LISTEN) as process:
        lines, end = ask(process, f"{len(stream)} 4096\n".encode() + stream)
    assert lines[-1].startswith(last)
    assert end == f"= {status}"


@pytest.mark.docker
def test_we_read_what_the_agent_writes() -> None:
    def say(process: subprocess.Popen[bytes], words: str) -> Frame:
        dump, _ = ask(process, words.encode() + b"\n")
        (frame,) = FrameDecoder().feed(bytes.fromhex("".join(dump)))
        return frame

    @settings(suppress_health_check=list(HealthCheck))
    @given(
        st.tuples(st.integers(-1, 255), st.integers(0, 64), st.integers(0, 4), st.integers(0, 3)),
        st.integers(0, 31),
        USAGE,
        U32,
    )
    def check(
        ending: tuple[int, int, int, int],
        limits: int,
        usage: tuple[int, int, int, int, int],
        credit: int,
    ) -> None:
        frame = say(process, " ".join(map(str, ("exit", *ending, limits, *usage))))
        assert frame == Frame(FromAgent.EXIT, pack_exit(ending, limits, usage))
        parse_exit(frame.payload)
        assert parse_credit(say(process, f"credit {credit}").payload) == credit
        assert parse_memory(say(process, f"memory {usage[0]}").payload) == usage[0]
        for kind in (FromAgent.STARTED, FromAgent.ARTEFACT_END, FromAgent.PREPARED):
            answer = say(process, f"{kind.name.lower()} {credit % 2}")
            assert (answer.type, parse_answer(answer)) == (kind, bool(credit % 2))

    with agent_test(SAY) as process:
        assert parse_ready(say(process, "ready").payload) == Ready(PROTOCOL_VERSION, MAX_PAYLOAD)
        check()
