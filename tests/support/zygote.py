"""Start commands in a few milliseconds: a process that has imported everything forks for each.

Run as a program it reads one case a line, forks, and answers with the pid and, at the end, the
wait status. What is not under test is left out of the child: the data docs, the report, and Great
Expectations, which takes 6 of the 7 s of such a run; the frames are judged by two comparisons.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from expectations.results import Judgement, Verdict
from support.database import Told

TESTS = Path(__file__).parents[1]


@dataclasses.dataclass
class Command:
    """A command that runs; `wait` returns what it told, its code negative if a signal ended it."""

    zygote: Zygote
    pid: int
    out: Path
    err: Path
    told: Told | None = None

    def wait(self) -> Told:
        if self.told is None:
            status = self.zygote.read()["status"]
            code = os.waitstatus_to_exitcode(status)
            text = self.out.read_text()
            value = json.loads(text) if text.strip() and code >= 0 else None
            self.told = Told(code, value, self.err.read_text())
        return self.told


class Zygote:
    """The process that forks: one command at a time."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._number = 0

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the zygote is gone"
        return json.loads(line)

    def start(
        self, *arguments: str, env: Mapping[str, str], fault: Mapping[str, Any] | None = None
    ) -> Command:
        """Start `tierflow ARGUMENTS --json`, with a fault as `support.boundaries` takes it."""
        assert self._process.stdin is not None
        self._number += 1
        out, err = (self._folder / f"{self._number}.{kind}" for kind in ("out", "err"))
        out.touch()
        err.touch()
        case = {
            "arguments": [*arguments, "--json"],
            "env": dict(env),
            "fault": fault,
            "out": str(out),
            "err": str(err),
        }
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        return Command(self, self.read()["pid"], out, err)

    def call(
        self, *arguments: str, env: Mapping[str, str], fault: Mapping[str, Any] | None = None
    ) -> Told:
        """Run the command to its end."""
        return self.start(*arguments, env=env, fault=fault).wait()


@contextlib.contextmanager
def open_zygote() -> Generator[Zygote]:
    """Yield a zygote, ready to fork."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "support.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert process.stdin is not None
        zygote = Zygote(process, Path(folder))
        assert zygote.read() == {"ready": True}
        try:
            yield zygote
        finally:
            process.stdin.close()
            process.wait(30)


def main() -> None:
    """Import, then fork for each line of stdin."""
    for name in ("migrate", "rollback", "verify", "finalize", "restore"):
        importlib.import_module(f"flows.{name}")
    from flows.cli import app
    from support import boundaries

    gc.collect()
    gc.freeze()  # to look for garbage in the child would copy every page
    say({"ready": True})
    for line in sys.stdin:
        case = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.environ.update(case["env"])
            redirect(case["out"], 1)
            redirect(case["err"], 2)
            leave_out_what_is_not_tested()
            boundaries.arm(case["fault"])
            code = 0
            try:
                app(case["arguments"])
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        say({"pid": pid})
        say({"status": os.waitpid(pid, 0)[1]})


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def redirect(path: str, descriptor: int) -> None:
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)


def leave_out_what_is_not_tested() -> None:
    import flows.facts
    from expectations import judging

    judging.start = start_nothing
    judging.wait = start_nothing
    judging.begin_to_judge = begin_to_judge
    judging.build_data_docs = build_no_docs
    setattr(flows.facts.Facts, "write_report", write_no_report)  # noqa: B010


def start_nothing(**_rest: bool) -> None:
    return


def judge(frames: Mapping[str, Any], **_rest: Any) -> Verdict:
    """Judge parity, orphans and copies, and the number of models of each tier."""
    judged: list[Judgement] = [
        Judgement("orphans", str(row.kind), int(row.rows) == 0, str(row.rows), ())
        for row in (frames["orphans"].itertuples() if "orphans" in frames else ())
    ]
    judged += [
        Judgement("distribution", str(row.tier_code), row.models == row.source_models, "", ())
        for row in (frames["distribution"].itertuples() if "distribution" in frames else ())
    ]
    return Verdict(tuple(judged))


def begin_to_judge(frames: Mapping[str, Any], **_rest: Any) -> Future[Verdict]:
    done: Future[Verdict] = Future()
    done.set_result(judge(frames))
    return done


def build_no_docs(docs_folder: Path, _keep: int) -> Path:
    return docs_folder


def write_no_report(_facts: Any, _target: Any) -> None:
    return


if __name__ == "__main__":
    main()
