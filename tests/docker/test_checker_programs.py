"""Checker programs and interactors as authors send them, on the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docker.server import Server
from tests.speeds import params

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

ECHO: dict[str, Any] = {"language": "python", "code": "print(input())"}
SLOW_MS = 20_000  # wall time that no machine's mood uses up

CRASHES = {
    "python": "import sys\nint(open(sys.argv[3]).read())\n",
    "java": "public class Main { public static void main(String[] a) throws Exception {\n"
    "Integer.parseInt(java.nio.file.Files.readString(java.nio.file.Path.of(a[2]))); } }",
    "cpp": '#include <stdexcept>\nint main() { throw std::runtime_error("no number: secret"); }',
    "c": "#include <stdio.h>\n#include <stdlib.h>\n"
    'int main(void) { fputs("secret", stderr); abort(); }',
}


@pytest.mark.parametrize("language", list(CRASHES))
async def test_a_checker_that_crashes_is_a_checker_error_and_tells_its_author(
    server: Server, language: str
) -> None:
    checker = {"type": "program", "language": language, "code": CRASHES[language]}
    tests = [{"input": "1", "expected": "secret"}]
    answer = await server.execute(**ECHO, tests=tests, checker=checker)
    (test,) = answer["tests"]
    assert (answer["status"], test["status"]) == ("checker_error", "checker_error")
    assert "secret" not in test["message"]
    assert "secret" in test["judge_message"]


KATTIS = {
    "cpp": r"""
        #include <cstdio>
        #include <fstream>
        #include <iostream>
        #include <string>
        int main(int argc, char **argv)
        {
            std::ifstream input(argv[1]), answer(argv[2]);
            std::string folder = argv[3], asked, wanted, got;
            input >> asked;
            answer >> wanted;
            std::cin >> got;
            std::ofstream(folder + "judgemessage.txt") << "asked " << asked << " " << argv[4];
            std::ofstream(folder + "teammessage.txt") << (got == wanted ? "right" : "not so");
            std::cout << "nobody reads this";
            return got == wanted ? 42 : 43;
        }""",
    "python": "import sys\n"
    "asked, wanted = (open(name).read().strip() for name in sys.argv[1:3])\n"
    "got = sys.stdin.read().strip()\n"
    "open(sys.argv[3] + 'judgemessage.txt', 'w').write(f'asked {asked} {sys.argv[4]}')\n"
    "open(sys.argv[3] + 'teammessage.txt', 'w').write('right' if got == wanted else 'not so')\n"
    "sys.exit(42 if got == wanted else 43)\n",
}


@pytest.mark.parametrize("language", list(KATTIS))
async def test_a_kattis_validator_works_as_it_is(server: Server, language: str) -> None:
    checker = {
        "type": "program",
        "protocol": "kattis",
        "language": language,
        "code": KATTIS[language],
        "args": ["case_sensitive"],
    }
    tests = [{"input": "1", "expected": "1"}, {"input": "2", "expected": "3"}]
    answer = await server.execute(**ECHO, tests=tests, checker=checker)
    assert [test["status"] for test in answer["tests"]] == ["accepted", "wrong_answer"], answer
    assert [test["message"] for test in answer["tests"]] == ["right", "not so"]
    judges = [test["judge_message"] for test in answer["tests"]]
    assert judges == ["asked 1 case_sensitive", "asked 2 case_sensitive"]


async def test_a_kattis_validator_gives_points_and_its_crash_is_its_own(server: Server) -> None:
    code = (
        "import sys\n"
        "points = float(open(sys.argv[2]).read())\n"
        "open(sys.argv[3] + 'score.txt', 'w').write(str(points))\n"
        "sys.exit(42)\n"
    )
    checker = {"type": "program", "protocol": "kattis", "language": "python", "code": code}
    tests = [
        {"input": "1", "expected": "2.5", "points": 4},
        {"input": "1", "expected": "none", "points": 4},
    ]
    answer = await server.execute(**ECHO, tests=tests, checker=checker)
    some, crashed = answer["tests"]
    assert (some["status"], some["points"]) == ("wrong_answer", 2.5)
    assert (crashed["status"], crashed["message"]) == ("checker_error", "exit code 1")
    assert "ValueError" in crashed["judge_message"]


GUESS = """
low, high, said = 1, 100, ""
while said != "=":
    middle = (low + high) // 2
    print(middle)
    said = input()
    if said == "<":
        high = middle - 1
    else:
        low = middle + 1
"""


async def test_a_kattis_interactor_talks_to_the_submission(server: Server) -> None:
    code = (
        "import sys\n"
        "wanted = int(open(sys.argv[1]).read())\n"
        "for turn, line in enumerate(sys.stdin, 1):\n"
        "    guess = int(line)\n"
        "    print('=' if guess == wanted else '<' if wanted < guess else '>', flush=True)\n"
        "    if guess == wanted:\n"
        "        open(sys.argv[3] + 'judgemessage.txt', 'w').write(f'{turn} turns')\n"
        "        sys.exit(42)\n"
        "sys.exit(43)\n"
    )
    interactor = {"language": "python", "protocol": "kattis", "code": code}
    answer = await server.execute(
        language="python",
        code=GUESS,
        tests=[{"input": "50"}, {"input": "42"}],
        interactor=interactor,
    )
    assert answer["status"] == "accepted", answer
    assert [test["judge_message"] for test in answer["tests"]] == ["1 turns", "7 turns"]


TESTLIB = r"""
#include "testlib.h"
using namespace std;
int main(int argc, char *argv[])
{
    setName("first number, then words");
    registerTestlibCmd(argc, argv);
    int wanted = ans.readInt(0, 100, "wanted"), got = ouf.readInt(0, 100, "got");
    string word = ouf.readToken("yes|no|[a-c]{2,3}");
    if (word == "no")
        quitp(0.5, "half of it");
    ensuref(wanted != 13, "the answer %d is unlucky", wanted);
    quitif(got != wanted, _wa, "%d%s number: expected %d", 1, englishEnding(1).c_str(), wanted);
    quitf(_ok, "%d numbers", 1);
}"""
SAID = [
    ("7 yes", "7", "accepted", "ok 1 numbers"),
    ("7 abc\n", "7", "accepted", "ok 1 numbers"),
    ("6 yes", "7", "wrong_answer", "wrong answer 1st number: expected 7"),
    ("7 no", "7", "accepted", "half of it"),
    ("7 abcd", "7", "wrong_answer", "violates the pattern"),
    ("200 yes", "7", "wrong_answer", "violates the range [0, 100]"),
    ("seven yes", "7", "wrong_answer", "Expected integer, but 'seven' found"),
    ("7", "7", "wrong_answer", "unexpected eof"),
    ("7 yes more", "7", "wrong_answer", "Extra information"),
    ("7 yes", "none", "checker_error", "FAIL Expected integer"),
    ("13 yes", "13", "checker_error", "FAIL the answer 13 is unlucky"),
]


async def test_a_checker_written_against_testlib_works_without_bringing_it(server: Server) -> None:
    checker = {"type": "program", "language": "cpp", "code": TESTLIB}
    tests = [{"input": output, "expected": wanted} for output, wanted, _, _ in SAID]
    code = "import sys\nsys.stdout.write(sys.stdin.read())"
    answer = await server.execute(language="python", code=code, tests=tests, checker=checker)
    assert answer["checker"]["status"] == "accepted", answer["checker"]
    assert [test["status"] for test in answer["tests"]] == [status for _, _, status, _ in SAID]
    for test, (_, _, _, message) in zip(answer["tests"], SAID, strict=True):
        assert message in test["message"]


async def test_an_interactor_written_against_testlib_works_without_bringing_it(
    server: Server,
) -> None:
    code = r"""
        #include "testlib.h"
        int main(int argc, char *argv[])
        {
            registerInteraction(argc, argv);
            int wanted = inf.readInt();
            for (int turn = 1; turn <= 7; turn++) {
                int guess = ouf.readInt(1, 100);
                std::cout << (guess == wanted ? "=" : wanted < guess ? "<" : ">") << std::endl;
                if (guess == wanted)
                    quitf(_ok, "%d turns", turn);
            }
            quitf(_wa, "too many turns");
        }"""
    answer = await server.execute(
        language="python",
        code=GUESS,
        tests=[{"input": "50"}, {"input": "42"}],
        interactor={"language": "cpp", "code": code},
    )
    assert answer["status"] == "accepted", answer
    assert [test["message"] for test in answer["tests"]] == ["ok 1 turns", "ok 7 turns"]


async def test_a_checker_that_brings_its_own_testlib_has_that_one(server: Server) -> None:
    files = [
        {"name": "main.cpp", "content": '#include "testlib.h"\nint main() { return mine(); }'},
        {"name": "testlib.h", "content": "static int mine() { return 1; }"},
    ]
    checker = {"type": "program", "language": "cpp", "files": files}
    answer = await server.execute(**ECHO, tests=[{"input": "1"}], checker=checker)
    assert (answer["status"], answer["checker"]["status"]) == ("wrong_answer", "accepted"), answer


async def test_an_author_s_own_header_of_200_kb_works_as_sent_and_is_compiled_once(
    server: Server,
) -> None:
    header = "#define SAY(text) \\\n    std::cerr << text << __DATE__ << __COUNTER__\n"
    header += "".join(f"static inline int unused_{n}() {{ return {n}; }}\n" for n in range(4200))
    main = (
        '#include <iostream>\n#include "checks.h"\n'
        'int main() { SAY("made on "); return unused_0(); }'
    )
    assert len(header) > 200_000
    files = [{"name": "main.cpp", "content": main}, {"name": "checks.h", "content": header}]
    checker = {"type": "program", "language": "cpp", "files": files}
    body = {**ECHO, "tests": [{"input": "1"}], "checker": checker}
    first = await server.execute(**body)
    again = await server.execute(**body)
    assert (first["status"], first["checker"]["status"]) == ("accepted", "accepted"), first
    assert first["tests"][0]["message"].startswith("made on ")
    # What is kept is given as it was, its times included.
    assert again["checker"] == first["checker"]


async def test_an_interactor_may_print_what_a_stdin_may_hold(server: Server) -> None:
    numbers = 200_000
    code = (
        "import sys\n"
        f"numbers = list(range({numbers}))\n"
        "print(len(numbers))\n"
        "print(*numbers, flush=True)\n"
        "sys.exit(0 if int(sys.stdin.readline()) == sum(numbers) else 1)\n"
    )
    answer = await server.execute(
        language="python",
        code="n = int(input())\nprint(sum(map(int, input().split())), flush=True)",
        tests=[{"input": "", "limits": {"wall_ms": SLOW_MS}}],
        interactor={"language": "python", "code": code},
    )
    assert answer["status"] == "accepted", answer


FLOOD = "import sys\nwhile True:\n    sys.stdout.write('many words ' * 1000)\n"
TAKES_A_FLOOD = {
    "reads a number": "print(int(input()))\n",
    "reads all": "import sys\nsys.stdin.read()\nsys.exit(1)\n",
    "fails at once": "import sys\nsys.exit(3)\n",
    "never reads": "import time\ntime.sleep(60)\n",
    "answers each word": "import sys\nfor word in iter(lambda: sys.stdin.read(5), ''):\n"
    "    print(word * 1000, flush=True)\n",
}


@pytest.mark.parametrize("name", params(TAKES_A_FLOOD, ["reads a number"], str))
async def test_a_submission_that_floods_is_at_fault_itself(server: Server, name: str) -> None:
    answer = await server.execute(
        language="python",
        code=FLOOD,
        tests=[{"input": "", "limits": {"wall_ms": 2000}}],
        interactor={"language": "python", "code": TAKES_A_FLOOD[name]},
    )
    assert answer["status"] in {"output_limit", "time_limit"}, answer


async def test_a_file_that_is_no_source_may_be_longer_than_code_may(server: Server) -> None:
    files = [
        {"name": "main.py", "content": "print(len(open('data.csv').read()))"},
        {"name": "data.csv", "content": "x" * 200_000},
    ]
    answer = await server.execute(language="python", files=files)
    assert (answer["status"], answer["output"]) == ("accepted", "200000\n"), answer
    files[1]["name"] = "more.py"
    status, refusal = await server.post({"language": "python", "files": files})
    assert (status, refusal["error"]) == (400, "Code exceeds maximum size")
    assert refusal["details"][0]["message"] == "must be at most 100000 characters"
