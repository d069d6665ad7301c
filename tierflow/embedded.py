"""Run a PostgreSQL server of our own in a folder: reached by unix socket only, gone with its owner.

The process that starts the server owns it: it holds `owner.lock` from before the start until after
the stop, and the kernel lets go of the lock when the process dies. So who gets the lock may start,
and who does not shares the server of the owner. A watchdog reads a pipe that the owner alone can
write: when the owner dies, even by SIGKILL, the watchdog stops the server.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tierflow.errors import ConfigurationError, TransientError
from tierflow.pg_binaries import (
    NOBODY,
    Launcher,
    choose_launcher,
    find_bindir,
    give_to,
    prepare_data,
    server_environment,
    start_error,
)

PORT = 5432
# Recovery after a crash in the middle of a long load reads all the WAL since the checkpoint
START_SECONDS = 180.0
# How long a ready server without an owner is given to be stopped by its watchdog
ORPHAN_SECONDS = 3.0
# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL
LONGEST_SOCKET = 103
SMALL_SHM = 256 * 2**20

# Both are `sh`: 1 MB each, started in 2 ms, and there is nothing of ours that could fail in them.
# The server's own shell says its pid, so that there is no moment when the watchdog knows it not.
_SERVER = 'echo $$ >&0 && exec "$@" </dev/null'
_WATCHDOG = """
trap '' HUP INT TERM
read -r pid || exit 0
read -r stopped && exit 0
kill -INT "$pid"
n=0
while kill -0 "$pid" 2>/dev/null && [ $n -lt 400 ]; do
    n=$((n + 1))
    [ $n -ne 300 ] || kill -QUIT "$pid"
    sleep 0.1
done
[ -z "$1" ] || rmdir "$1"
"""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server; `started_by_us` is False if another process owns it, and will stop it."""

    folder: Path
    bindir: Path
    socket_dir: Path
    pid: int
    started_by_us: bool

    def dsn(self, dbname: str = "postgres") -> str:
        """Return a libpq conninfo; PGHOSTADDR and PGPORT of the environment do not change it."""
        values = {"host": str(self.socket_dir), "hostaddr": "", "port": str(PORT)}
        values |= {"user": "postgres", "dbname": dbname}
        quoted = {k: v.replace("\\", r"\\").replace("'", r"\'") for k, v in values.items()}
        return " ".join(f"{key}='{value}'" for key, value in quoted.items())


@contextmanager
def embedded_server(
    folder: Path, *, bindir: Path | None = None, options: Mapping[str, str] = {}
) -> Generator[EmbeddedServer]:
    """Start a server on `folder`/data (made when missing), or share the one that runs there.

    Writes in `folder` only, but for a folder for the socket in the system's temporary one when
    the path of `folder` is too long for a socket. `options` are PostgreSQL's settings; they do
    nothing when the server is shared. A shared server stops when the process that owns it ends.

    Raises ConfigurationError if the server cannot start, TransientError if it takes too long.
    """
    folder = folder.absolute()
    bindir = bindir or find_bindir()
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder = folder.resolve()
            lock = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"The embedded PostgreSQL cannot use {folder}: {error.strerror}.",
                next_step="Set TIERFLOW_HOME to a folder that you can write, or TIERFLOW_DSN to a "
                "running server.",
            ) from error
        stack.enter_context(_kept_private(lock))
        if running := _await_turn(folder, lock):
            yield EmbeddedServer(folder, bindir, running.socket_dir, running.pid, False)
        else:
            yield stack.enter_context(_owned_server(folder, bindir, options))


# --- who owns the server ------------------------------------------------------------------------


@dataclass(frozen=True)
class _PidFile:
    """What the server says of itself in postmaster.pid (miscadmin.h, LOCK_FILE_LINE_*)."""

    pid: int
    socket_dir: Path
    status: str

    @classmethod
    def read(cls, data: Path) -> "_PidFile | None":
        with suppress(OSError, ValueError):
            lines = (data / "postmaster.pid").read_text().splitlines() + [""] * 8
            return cls(int(lines[0]), Path(lines[4]), lines[7].strip())
        return None

    def answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.socket_dir / f".s.PGSQL.{PORT}"))
            return True
        return False


def _await_turn(folder: Path, lock: int) -> _PidFile | None:
    """Return the server to share, or None when the lock is ours and no server is left running."""
    data = folder / "data"
    started = time.monotonic()
    while (waited := time.monotonic() - started) < START_SECONDS:
        told = _PidFile.read(data)
        ready = told if told and told.status == "ready" and told.answers() else None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if ready:
                return ready
        else:
            running = _server_processes(data, told)
            if not running:
                return None
            if told and told.pid in running:
                # Its owner died and its watchdog is stopping it; or it was started by hand
                if ready and waited > ORPHAN_SECONDS:
                    fcntl.flock(lock, fcntl.LOCK_UN)
                    return ready
            else:
                # Backends that outlived a killed postmaster hold its shared memory. This is what
                # a postmaster does to them after a crash, before it recovers.
                for pid in running:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGQUIT)
        time.sleep(0.02)
    raise TransientError(
        f"The PostgreSQL of {folder} was neither ready nor stopped in {START_SECONDS:.0f} s.",
        next_step=f"Look at {folder / 'server.log'}, then run the command again.",
    )


def _server_processes(data: Path, told: _PidFile | None) -> set[int]:
    """Return the pids of the live PostgreSQL processes of `data`: each works in that folder."""
    if not Path("/proc/self").exists():
        return {told.pid} if told and told.answers() else set()
    found: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == data and (entry / "comm").read_text() == "postgres\n":
                found.add(int(entry.name))
    return found


_private: set[int] = set()


@contextmanager
def _kept_private(descriptor: int) -> Generator[None]:
    """Close `descriptor` at the end, and in forked children (multiprocessing) at once.

    A child that kept the lock or the pipe open would seem to be the owner, after the owner died.
    """
    _private.add(descriptor)
    try:
        yield
    finally:
        if descriptor in _private:
            _private.remove(descriptor)
            os.close(descriptor)


def _close_private() -> None:
    while _private:
        os.close(_private.pop())


os.register_at_fork(after_in_child=_close_private)


# --- the server ---------------------------------------------------------------------------------


@contextmanager
def _owned_server(
    folder: Path, bindir: Path, options: Mapping[str, str]
) -> Generator[EmbeddedServer]:
    launcher = choose_launcher(bindir, folder)
    data = prepare_data(folder, launcher)
    with _socket_folder(folder, launcher) as socket_dir:
        for stale in (data / "postmaster.pid", socket_dir / f".s.PGSQL.{PORT}.lock"):
            # PostgreSQL refuses to start if the pid in it is now that of another process. None of
            # its own is alive: _await_turn has looked.
            stale.unlink(missing_ok=True)
        settings = {**_settings(socket_dir), **options}
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = launcher.command("postgres", "-D", str(data), *arguments)
        temporary = str(socket_dir) if socket_dir.parent != folder else ""
        with _guarded(command, folder, launcher, temporary) as process:
            _await_ready(process, folder)
            yield EmbeddedServer(folder, launcher.bindir, socket_dir, process.pid, True)


def _settings(socket_dir: Path) -> dict[str, str]:
    quoted = str(socket_dir).replace('"', '""')
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{quoted}"',
    }
    shm = Path("/dev/shm")
    if sys.platform == "linux" and (not shm.is_dir() or shutil.disk_usage(shm).free < SMALL_SHM):
        # 64 MB in many containers, and a parallel index build asks for more
        settings["dynamic_shared_memory_type"] = "mmap"
    return settings


@contextmanager
def _guarded(
    command: list[str], folder: Path, launcher: Launcher, temporary: str
) -> Generator[subprocess.Popen[bytes]]:
    """Run the server beside its watchdog, and stop it at the end.

    Both are in sessions of their own: Ctrl-C in the terminal is for tierflow, which closes its
    connections first.
    """
    ear, alarm = os.pipe()
    with _kept_private(alarm), _kept_private(ear), (folder / "server.log").open("ab") as log:
        watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "tierflow-watchdog", temporary],
            stdin=ear,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath},
            start_new_session=True,
        )
        server = subprocess.Popen(
            ["/bin/sh", "-c", _SERVER, "sh", *command],
            stdin=alarm,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=server_environment(),
            start_new_session=True,
            user=launcher.uid,
            group=launcher.uid,
            extra_groups=launcher.extra_groups,
        )
        try:
            yield server
        finally:
            if alarm in _private:  # not so in a forked child, whose server this is not
                _stop(server)
                os.write(alarm, b"stopped\n")
                watchdog.wait()


def _stop(server: subprocess.Popen[bytes]) -> None:
    for signum, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        server.send_signal(signum)
        with suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
            return


def _await_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        told = _PidFile.read(folder / "data")
        if told and told.pid == server.pid and told.status == "ready":
            return
        if server.poll() is not None:
            raise start_error(folder, f"ended with exit code {server.returncode}")
        time.sleep(0.005)
    raise start_error(folder, f"was not ready in {START_SECONDS:.0f} s")


@contextmanager
def _socket_folder(folder: Path, launcher: Launcher) -> Generator[Path]:
    name = f"tierflow-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    places = (folder / "socket", Path(tempfile.gettempdir(), name), Path("/tmp", name))
    # In the lists of libpq and PostgreSQL a comma ends a path
    chosen = next(
        path
        for path in places
        if len(os.fsencode(path / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET and "," not in str(path)
    )
    with suppress(FileExistsError):
        chosen.mkdir(0o700)
        give_to(launcher, chosen)
    found = chosen.lstat()
    owners = {launcher.owner, os.geteuid()}
    if os.geteuid() == 0 and chosen.parent == folder:
        owners.add(NOBODY)  # the last run was without a user namespace
    if (found.st_mode & 0o177777) != 0o040700 or found.st_uid not in owners:
        raise ConfigurationError(
            f"{chosen} is needed for the socket of PostgreSQL, but it is not a folder that only "
            f"this user can enter (owner {found.st_uid}, mode {found.st_mode:o}).",
            next_step=f"Remove it if you know it, or set TIERFLOW_HOME to a shorter path than "
            f"{folder}.",
        )
    give_to(launcher, chosen)
    try:
        yield chosen
    finally:
        if chosen.parent != folder:
            with suppress(OSError):
                chosen.rmdir()
