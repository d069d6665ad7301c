"""The pages of the documentation, as a reader types them: their blocks, run in order under bash.

Each page is one story: its `sh` blocks run in one shell, in a folder that looks like the checkout.
`./run tierflow COMMAND` there is a small program that hands the command to this process, where
everything is imported already; `real=True` starts tierflow itself each time.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import typer.main
from markdown_it import MarkdownIt
from typer.core import TyperCommand, TyperOption
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]

# lines that no test can run, by their beginning, each with the reason
NOT_RUN = {
    "./run demo": "test_the_demo runs it: it has a database and a Prefect server of its own",
    "./run test": "it is the tests",
    "./run check": ".ci/run runs it",
    "./run docs": ".ci/run runs it; tests/docs/test_site.py does what it does",
    "./run b": "benchmarks, for minutes; tests/integration/test_bench.py runs them small",
    "./run endurance": "for an hour; tests/integration/test_endurance.py runs it small",
    "./run sbom": "of this checkout; tests/unit/test_supply_chain.py runs it",
    ".ci/run": "it runs these tests",
    "./run tierflow serve": "runs until Ctrl-C; tests/flows/test_serve.py runs it",
    "export TIERFLOW_DSN=": "a reader's own database; the test has set its own",
    "export TIERFLOW_HOME=": "a worker's own folder; the test has set its own",
    "export TIERFLOW_FILES_URL=": "a worker's own address",
    "export PREFECT_": "a reader's own Prefect server",
    "prefect ": "a reader's own Prefect server; tests/flows/test_deployments.py deploys",
}
_CODE = re.compile(r"^(?P<command>.*?)\s+#.*\bexit code (?P<code>\d+)")
_TIERFLOW = re.compile(r"^\./run tierflow (?P<command>[a-z-]+)(?P<rest>[^#]*)")
_HEREDOC = re.compile(r"<<'(\w+)'")

# the variables that a command gets from the shell, not from this process
PASSED_ON = ("TIERFLOW_", "PG")

CLIENT = """
import json, os, socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.connect({address!r})
names = [name for name in os.environ if name.startswith({passed_on})]
case = dict(argv=sys.argv[1:], env=dict((name, os.environ[name]) for name in names))
asked.sendall(json.dumps(case).encode() + b"\\n")
told = json.loads(asked.makefile().read())
sys.stdout.write(told["out"])
sys.stdout.flush()
sys.stderr.write(told["err"])
sys.exit(told["code"])
"""


@dataclasses.dataclass(frozen=True)
class Block:
    """One fenced block of a page, with the heading that it stands under."""

    page: str
    line: int
    heading: str
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The lines that a shell runs, a here-document and what continues a line left out."""
        found: list[str] = []
        end: str | None = None
        for line in self.text.splitlines():
            if end is None:
                found.append(line)
                heredoc = _HEREDOC.search(line)
                end = heredoc[1] if heredoc else None
            elif line == end:
                end = None
        return found


def read_blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    heading, blocks = "", list[Block]()
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before is not None and before.type == "heading_open":
            heading = token.content
        elif token.type == "fence":
            line = (token.map or [0])[0] + 1
            blocks.append(Block(page.name, line, heading, token.info, token.content))
    return blocks


def list_missing(block: Block) -> list[str]:
    """Return the commands and options of a block that the command line does not know."""
    return [
        said
        for line in block.commands
        if (match := _TIERFLOW.match(line))
        for said in _list_unknown(match["command"], match["rest"].split())
    ]


def _list_unknown(name: str, words: Sequence[str]) -> Iterator[str]:
    from flows.cli import app

    known = cast(Mapping[str, TyperCommand], cast(Any, typer.main.get_command(app)).commands)
    if name not in known:
        yield name
        return
    options = [p for p in known[name].params if isinstance(p, TyperOption)]
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    yield from sorted(
        given - {n for o in options for n in (*o.opts, *o.secondary_opts)} - {"--help"}
    )


def is_run(line: str) -> bool:
    """Return whether a line of a block is one that a test can run."""
    return not line.startswith(tuple(NOT_RUN))


class Shell:
    """A folder like the checkout in which a page's blocks run, one after the other."""

    def __init__(self, folder: Path, bindir: Path, *, real: bool = False) -> None:
        self.folder = folder
        self._bindir = bindir
        self._real = real
        self._hooks: dict[str, Callable[[], None]] = {}
        for name in ("sql", "prefect.yaml"):
            (folder / name).symlink_to(ROOT / name)
        self._address = str(folder / "tierflow.sock")
        (folder / "client.py").write_text(CLIENT.format(address=self._address, passed_on=PASSED_ON))
        tierflow = f"exec {sys.executable} -P -m flows.cli" if real else _client(folder)
        run = folder / "run"
        run.write_text(
            f'#!/bin/sh\ncase $1 in hook) exec {_client(folder)[5:]} "$@" ;; tierflow) shift ;;'
            f' *) echo "no such thing here: $*" >&2; exit 2 ;; esac\n{tierflow} "$@"\n'
        )
        run.chmod(0o755)

    def run(
        self, blocks: Sequence[Block], before: Mapping[str, Callable[[], None]] | None = None
    ) -> str:
        """Run the blocks in one shell and return what they printed.

        `before` is done once for each heading, before the first block under it. Fails at the first
        line that ends with another exit code than the one that its comment names, else 0.
        """
        self._hooks = dict(before or {})
        script = self.folder / "page.sh"
        script.write_text("\n".join(self._write_script(blocks)))
        log = self.folder / "page.log"
        with log.open("wb") as out, socket.socket(socket.AF_UNIX) as server:
            Path(self._address).unlink(missing_ok=True)
            server.bind(self._address)
            server.listen()
            server.settimeout(0.05)
            process = subprocess.Popen(
                ["bash", str(script)],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, "PATH": f"{self._bindir}:{os.environ['PATH']}"},
            )  # fmt: skip
            while process.poll() is None:
                self._serve(server)
        text = log.read_text()
        assert process.returncode == 0, text[-6000:]
        return text

    def _write_script(self, blocks: Sequence[Block]) -> Iterator[str]:
        yield "set -euo pipefail"
        yield (
            'expect() { local want=$1 got=0; shift; "$@" || got=$?; [ "$got" = "$want" ] ||'
            ' { echo "exit code $got, not $want: $*" >&2; exit 1; }; }'
        )
        hooked: set[str] = set()
        for block in blocks:
            if block.heading in self._hooks and block.heading not in hooked:
                hooked.add(block.heading)
                yield f"./run hook '{block.heading}'"
            yield f"echo '=== {block.where}'"
            commands = set(block.commands)
            for line in block.text.splitlines():
                if line in commands and not is_run(line):
                    yield ":"
                elif line in commands and (match := _CODE.match(line)):
                    yield f"expect {match['code']} {match['command']}"
                else:
                    yield line

    def _serve(self, server: socket.socket) -> None:
        """Wait a moment for a command from the shell, and do it."""
        try:
            asked, _ = server.accept()
        except TimeoutError:
            return
        with asked, asked.makefile("rw") as stream:
            case = json.loads(stream.readline())
            stream.write(json.dumps(self._do(case["argv"], case["env"])))
            stream.flush()
            asked.shutdown(socket.SHUT_WR)

    def _do(self, argv: list[str], env: dict[str, str]) -> dict[str, Any]:
        from flows.cli import app

        if argv[0] == "hook":
            self._hooks[argv[1]]()
            return {"code": 0, "out": "", "err": ""}
        gone = {name: None for name in os.environ if name.startswith(PASSED_ON)}
        result = CliRunner().invoke(app, argv, env={**gone, **env}, catch_exceptions=False)
        return {"code": result.exit_code, "out": result.stdout, "err": result.stderr}


def _client(folder: Path) -> str:
    return f"exec {sys.executable} -S -E {folder / 'client.py'}"
