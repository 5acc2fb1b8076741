"""Where each command of the docs is run. One that is not here fails `test_docs_commands.py`."""

from __future__ import annotations

from dataclasses import dataclass

from tests.docs.commands import Command


@dataclass(frozen=True)
class Runs:
    """As written, in `folder` of a fresh clone; it prints something that matches `says`.

    `needs`: what it speaks to, a fixture of `test_commands.py`. `until`: it serves, and says so
    with a line that matches; then it is asked for a page, and ended.
    """

    says: str = ""
    folder: str = "."
    needs: str = ""
    until: str = ""


@dataclass(frozen=True)
class Stubbed:
    """As written, but what can't be had here is a stub (`stubs.py`), which says what is wrong.

    It prints something that matches `says`, and calls each of `calls`.
    """

    calls: tuple[str, ...]
    says: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """By another test or script: the file `where`, which has something that matches `says`."""

    where: str
    says: str


@dataclass(frozen=True)
class Named:
    """Nowhere: the page speaks of it, and nobody is to type it."""


How = Runs | Stubbed | Elsewhere | Named

CI, DEPLOY, GUIDE = ".ci/run", "tests/unit/test_deploy.py", "tests/docker/test_add_a_language.py"
REGISTRY = "tests/docker/test_registry.py"
PRODUCTION_UP = "docker compose -f compose.production.yaml up --detach"
WHEEL = "tests/dist/test_wheel_on_an_engine.py"
HELLO = r'"output": "Hello, World!\\n"'

POST_BY_KEY = (
    "curl -s http://localhost:3000/execute -H 'Authorization: Bearer KEY' \\\n"
    "  -H 'Content-Type: application/json' -d @- <<'EOF'\n%s\nEOF"
)
POST_BY_ENV = ". ./.env\n" + POST_BY_KEY.replace(
    "'Authorization: Bearer KEY'", '"Authorization: Bearer $API_KEY"'
)
STREAM_BY_ENV = POST_BY_ENV.replace("curl -s ", "curl -sN ").replace(
    " -d @-", " -H 'Accept: application/x-ndjson' -d @-"
)
GREETING = """{"language": "python", "code": "print('Hello,', input())", "input": "World"}"""
COUNTING = (
    r'{"language": "python", "code": "import time\nfor n in range(3):\n    print(n)'
    r'\n    time.sleep(1)\n"}'
)
ENDLESS = '{"language": "python", "code": "while True: pass", "timeout": 1000}'
SUM = """{
  "language": "python",
  "code": "print(sum(map(int, input().split())))",
  "tests": [
    {"input": "1 2", "expected": "3"},
    {"name": "large", "input": "1000000000 1", "expected": "1000000001"}
  ],
  "checker": "tokens"
}"""
WRONG_SUM = """{
  "language": "python",
  "code": "a, b = map(int, input().split())\\nprint(abs(a) + abs(b))\\n",
  "tests": [
    {"name": "small", "input": "1 2", "expected": "3"},
    {"name": "negative", "input": "-1 2", "expected": "1"}
  ]
}"""
BY_CLIENT = """RUNNER_URL=http://localhost:3000 RUNNER_API_KEY=KEY .venv/bin/python - <<'EOF'
from codebae_runner_client import Runner

with Runner() as runner:
    answer = runner.execute(language="python", code="print(6 * 7)", timeout=2000)
    print(answer["status"], answer["output"])
EOF"""

COMMANDS: dict[str, How] = {
    # The README's, from nothing to a program that has run.
    "make run": Runs('"status": "healthy"', needs="server"),
    "curl -s http://localhost:3000/execute -H 'Authorization: Bearer KEY' \\\n"
    "  -H 'Content-Type: application/json' \\\n"
    '  -d \'{"language": "python", "code": "print(\\"Hello, World!\\")"}\'': Runs(
        HELLO, needs="server"
    ),
    BY_CLIENT: Runs("accepted 42", needs="server"),
    POST_BY_KEY % SUM: Runs('"passed": 2', needs="server"),
    # The tutorial's.
    POST_BY_ENV % GREETING: Runs(r'"output": "Hello, World\\n"', needs="server"),
    STREAM_BY_ENV % COUNTING: Runs('"event": "result"', needs="server"),
    POST_BY_ENV % ENDLESS: Runs('"status": "time_limit"', needs="server"),
    POST_BY_ENV % WRONG_SUM: Runs(r'"error": "Test 2 \(negative\): wrong answer"', needs="server"),
    "curl localhost:3000/health": Runs('"status": "healthy"', needs="server"),
    ".venv/bin/codebae-runner --help": Runs("Usage: codebae-runner"),
    ".venv/bin/codebae-runner languages rebuild cpp --url http://localhost:3000\n"
    ".venv/bin/codebae-runner languages rollback cpp --url http://localhost:3000\n"
    ".venv/bin/codebae-runner jobs list": Runs(r"cpp: .*\b1\.1\b", needs="admin_server"),
    ".venv/bin/codebae-runner jobs list | cut -f 1 "
    "| xargs -rn 1 .venv/bin/codebae-runner jobs end": Runs(needs="admin_server"),
    "HOST=0.0.0.0 make run": Elsewhere("tests/unit/test_cli.py", '"serve", "--dev", HOST='),
    "make help": Runs("make run "),
    "make images": Runs("python"),
    "make docs": Runs("the docs are in"),
    ".venv/bin/codebae-runner check": Elsewhere("tests/docker/test_cli.py", r'cli\("check"'),
    "codebae-runner --version": Elsewhere("tests/unit/test_packaging.py", '"--version"'),
    "make dist": Runs(r"dist/codebae_runner-\S+\.whl"),
    # The clients'.
    "npm pack": Runs(r"codebae-runner-client-\S+\.tgz", folder="clients/js"),
    "npm ci": Elsewhere("scripts/setup-nextjs", r"\bnpm ci\b"),
    "npm run client": Runs(folder="clients/nextjs"),
    "scripts/setup-js-client": Runs(),
    "npm install": Elsewhere("tests/docker/test_js_client.py", '"npm", "install"'),
    # The wheel's.
    "codebae-runner languages build": Elsewhere(WHEEL, r'"codebae-runner", "languages", "build"'),
    "codebae-runner serve": Elsewhere(WHEEL, r'"codebae-runner", "serve"'),
    # Keys: in turn, as a reader would type them.
    **dict.fromkeys(
        (
            "codebae-runner keys new course-algorithms",
            "codebae-runner keys new course-systems --max-jobs 2 --rate 120",
            "codebae-runner keys revoke course-algorithms",
            (
                "codebae-runner keys new course-algorithms --weight 2 --max-jobs 3 --rate 120 "
                "--scope run --scope jobs\n"
                "codebae-runner keys list\n"
                "codebae-runner keys revoke course-algorithms"
            ),
        ),
        Elsewhere("tests/unit/test_key_file.py", "commands_on"),
    ),
    # Fly.io's, a registry's, and the engine of a container.
    "./deploy.sh": Elsewhere(DEPLOY, r"fly\.deploy\(\)"),
    "./deploy.sh --help": Elsewhere(DEPLOY, r'fly\.deploy\("--help"\)'),
    "./deploy.sh --app codebae-runner": Elsewhere(DEPLOY, r'"--app", "other"'),
    "flyctl checks list": Elsewhere(DEPLOY, "flyctl checks list --app"),
    "flyctl deploy": Named(),
    "flyctl scale count": Named(),
    "./deploy.sh --scale 3": Elsewhere(DEPLOY, '"--scale", "3"'),
    'flyctl ssh console -C "python -m orchestrator languages list"': Stubbed(
        ("flyctl ssh",), "python"
    ),
    "docker exec CONTAINER python -m orchestrator languages list": Stubbed(
        ("docker exec",), "python"
    ),
    "flyctl secrets set IMAGE_REGISTRY=registry.example/codebae-runner": Stubbed(
        ("flyctl secrets",)
    ),
    "codebae-runner languages rebuild --no-cache c cpp java python": Elsewhere(
        "tests/unit/test_cli_remote.py", '"rebuild", .*"--no-cache"'
    ),
    "make sbom": Elsewhere("tests/unit/test_sbom.py", r"sbom\.py"),
    "make release": Elsewhere(REGISTRY, '"scripts" / "release"'),
    "make release REGISTRY=registry.example/codebae-runner": Elsewhere(
        REGISTRY, '"scripts" / "release"'
    ),
    "docker login": Named(),
    "docker load --input": Named(),
    # A machine's of one's own: in turn, in a folder that stands for its root.
    **dict.fromkeys(
        (
            (
                "(umask 077; printf 'DOMAIN=%s\\nAPI_KEY=%s\\n' runner.example.org "
                '"$(openssl rand -hex 16)" >.env)'
            ),
            PRODUCTION_UP,
            f"RUNNER_IMAGE=codebae-runner/server:before {PRODUCTION_UP}",
            (
                "docker compose -f compose.production.yaml exec runner "
                "python -m orchestrator languages list"
            ),
            "docker compose -f compose.production.yaml logs --follow runner",
            "docker tag codebae-runner/server:current codebae-runner/server:before",
            (
                "cd /opt/codebae-runner-1.2.3 && make images\n"
                "ln -sfn codebae-runner-1.2.3 /opt/codebae-runner"
            ),
            (
                "useradd --system --home-dir /opt/codebae-runner --groups docker codebae-runner\n"
                "(umask 077; printf 'API_KEY=%s\\n' \"$(openssl rand -hex 16)\" "
                ">/etc/codebae-runner.env)\n"
                "cp /opt/codebae-runner/production/codebae-runner.service /etc/systemd/system/\n"
                "systemctl enable --now codebae-runner"
            ),
            "systemctl restart codebae-runner",
        ),
        Elsewhere("tests/unit/test_production.py", "commands_on"),
    ),
    "docker compose": Named(),
    "docker build --pull": Named(),
    "git pull": Named(),
    "docker compose up --build": Stubbed(("docker compose",)),
    "docker compose up --build host-engine": Stubbed(("docker compose",)),
    "docker compose up --build            # docker-compose 1.29 as well\n"
    "docker compose down --volumes        # and nothing is left but the image": Stubbed(
        ("docker compose",)
    ),
    # What lasts too long to be run twice, or is a test itself.
    "make test": Elsewhere(CI, r"make\b.* test\b"),
    "make test-all": Elsewhere("Makefile", r"scripts/test --all"),
    '.venv/bin/python -m pytest tests/unit/test_verdict.py\nmake unit ARGS="-k verdict"': Runs(
        r"\d+ passed"
    ),
    'make test ARGS="tests/docker/test_limits.py -k memory"': Elsewhere(
        "Makefile", r"test \$\(ARGS\)"
    ),
    ".venv/bin/python -m pytest tests/docker/test_limits.py -k memory": Elsewhere(
        "scripts/test", r'-m pytest "\$@"'
    ),
    "make unit": Elsewhere("scripts/test", r"pytest_step unit"),
    "make mutants": Elsewhere("tests/unit/test_mutations.py", r"from tests\.mutations\.mutation"),
    "make check": Elsewhere(CI, r"make\b.* check\b"),
    "make generate": Elsewhere("tests/unit/test_generate.py", r"main\(\[\]\)"),
    "make bench": Stubbed(("python -m bench",), "--quick"),
    "make image": Elsewhere("scripts/test-image", r"scripts/image\b"),
    "make test-image": Elsewhere("tests/image/walk.py", "def "),
    "make test-clients": Elsewhere("tests/docker/test_js_client.py", "def test_"),
    "make test-hosts": Elsewhere("Makefile", r"scripts/test-hosts-engines"),
    "make test-hosts-engines": Elsewhere("Makefile", r"scripts/test-hosts-engines"),
    "make test-hosts-guests": Elsewhere("Makefile", r"scripts/test-hosts-guests"),
    "make test-hosts-arm64": Elsewhere("Makefile", r"scripts/test-hosts-arm64"),
    "make test-languages": Elsewhere("tests/docker/test_samples.py", "def test_"),
    "make test-web": Elsewhere("tests/web/test_nextjs.py", "def test_"),
    "SCREENSHOTS=$PWD/docs/howto/pictures make test-web": Elsewhere(
        "tests/web/test_nextjs.py", "SCREENSHOTS"
    ),
    "scripts/lock": Stubbed(("uv pip",)),
    "scripts/set-version 1.2.3": Elsewhere("tests/unit/test_packaging.py", "set-version"),
    # The reference's.
    "curl -s http://localhost:3000/api/v2/execute -H 'Authorization: KEY' \\\n"
    "  -H 'Content-Type: application/json' \\\n"
    '  -d \'{"language": "python", "version": "3.x", "files": [{"content": "print(input())"}], '
    '"stdin": "hi"}\'': Runs(r'"stdout": "hi\\n"', needs="server"),
    'curl -s http://localhost:3000/admin/jobs -H "Authorization: Bearer $ADMIN_KEY"': Runs(
        '"draining": false', needs="admin_server"
    ),
    "curl -sN -X POST http://localhost:3000/admin/languages/cpp/rebuild \\\n"
    "  -H \"Authorization: Bearer $ADMIN_KEY\" -H 'Accept: text/plain'": Runs(
        "== succeeded", needs="admin_server"
    ),
    ".venv/bin/codebae-runner languages rebuild cpp --url https://runner.example "
    '--key "$ADMIN_KEY"': Runs(r"cpp: built 1\.2", needs="admin_server"),
    ".venv/bin/codebae-runner languages build": Runs("python"),
    "make languages-table": Stubbed(
        ("python -m orchestrator languages build all", "python -m bench.languages"), "--samples"
    ),
    "curl -N": Named(),
    "docker exec": Named(),
    "make bench                # everything; the sustained loads alone last six and a half "
    "minutes\n"
    "make bench QUICK=1        # a few samples of everything: a try, not a result\n"
    "make bench RELEASE=1      # and keep the result as bench/results/VERSION.json and .svg\n"
    'make bench ARGS="--part throughput --window 30 --set MAX_JOBS=4"': Stubbed(
        ("python -m bench --quick", "python -m bench --release", "python -m bench --part"), "--set"
    ),
    ".venv/bin/python -m orchestrator serve": Elsewhere("bench/server.py", '"serve"'),
    # The guide's, which is followed word for word.
    ".venv/bin/codebae-runner languages build tcl": Elsewhere(GUIDE, r"shell\(block"),
    "echo tcl | LANGUAGES=tcl .venv/bin/codebae-runner run --input - greet.tcl": Elsewhere(
        GUIDE, r"shell\(block"
    ),
    ".venv/bin/python -m bench.languages tcl": Elsewhere(GUIDE, r"bench\.languages tcl"),
}

ON_A_PAGE: dict[Command, How] = {
    Command("clients/js/README.md", "npm test"): Runs("# fail 0", folder="clients/js"),
    Command("clients/nextjs/README.md", "npm test"): Elsewhere(
        "tests/web/test_nextjs.py", "pure.test.js"
    ),
    Command(
        "clients/nextjs/README.md",
        "npm ci\n"
        "cp .env.example .env.local   # and put the key into it\n"
        "npm run build && npm start -- --port 3001",
    ): Runs(folder="clients/nextjs", until=r"Ready in"),
}
"""What means something else on another page."""


def how(command: Command) -> How | None:
    """Where it is run; None when nobody has said so."""
    return ON_A_PAGE.get(command) or COMMANDS.get(command.text)
