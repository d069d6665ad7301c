"""Every situation of the troubleshooting page: the message is real, and the cure cures."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.bouncer import open_bouncer
from support.database import Database
from support.pages import ROOT, Block, Shell, read_blocks
from support.replication import open_pair

from tasks.create_demo import fill_demo
from tierflow.connection import connect, fetch

PAGE = ROOT / "docs/troubleshooting.md"
BLOCKS = read_blocks(PAGE)
SHOWN = [block for block in BLOCKS if block.language == "text"]
DECIDED = ("--config", "tierflow.toml")
DECISIONS = (
    "[tier_map]\ntrial = 'byok'\nstarter = 'byok'\nprofessional = 'managed'\n"
    "enterprise = 'vip_founder'\n"
)
LONGEST_PAUSE = "1"

pytestmark = [pytest.mark.parametrize("server", ["pg18"], indirect=True)]


@dataclasses.dataclass(frozen=True)
class Scene:
    """Where a situation is brought about."""

    database: Database
    shell: Shell
    monkeypatch: pytest.MonkeyPatch
    stack: contextlib.ExitStack

    def type(self, *words: str) -> str:
        """Type a command of tierflow that works."""
        line = "./run tierflow " + " ".join(words)
        return self.shell.run([Block("before", 0, "", "sh", line)])

    def migrate(self, *options: str) -> None:
        self.type("migrate", *DECIDED, *options)

    def use(self, **parameters: str) -> None:
        """Connect with other parameters from now on."""
        dsn = make_conninfo(self.database.dsn, **parameters)
        self.monkeypatch.setenv("TIERFLOW_DSN", dsn)


@pytest.fixture
def scene(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Scene]:
    """The demo's catalogue, not migrated, and a folder with its decisions."""
    database.rows("DROP SCHEMA public CASCADE")
    database.rows("CREATE SCHEMA public")
    fill_demo(database.target)
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "tierflow.toml").write_text(DECISIONS)
    with contextlib.ExitStack() as stack:
        yield Scene(database, Shell(folder, database.bindir), monkeypatch, stack)


def nothing(_scene: Scene) -> None: ...


def spoil_a_price(scene: Scene) -> None:
    write_one(scene, '["trial"]', '{"trial": "cheap"}')


def encode_twice(scene: Scene) -> None:
    write_one(scene, json.dumps('["trial"]'), json.dumps('{"trial": 1.5}'))


def write_one(scene: Scene, access: str, markup: str, *, past_sync: bool = False) -> None:
    """Write the JSONB of the first model in alphabetical order."""
    write = scene.database.past_sync if past_sync else scene.database.rows
    write(
        """UPDATE public.model_access_control SET tier_access = %s, tier_markup = %s
           WHERE model_id = (SELECT min(model_id) FROM public.model_access_control)""",
        access, markup,
    )  # fmt: skip


def write_two_prices(scene: Scene) -> None:
    write_one(scene, '["trial", "starter"]', '{"trial": 1.5, "starter": 1.4}')


def be_poor(scene: Scene) -> None:
    name = conninfo_to_dict(scene.database.dsn)["dbname"]
    scene.database.rows(f"CREATE ROLE poor_{name} LOGIN")
    scene.use(user=f"poor_{name}")


def lose_the_server(scene: Scene) -> None:
    scene.use(host="127.0.0.1", port="1")


def write_a_bare_at(scene: Scene) -> None:
    scene.monkeypatch.setenv("TIERFLOW_DSN", "postgresql://joe:pass@word@localhost/db")


@contextlib.contextmanager
def another_run(scene: Scene) -> Generator[None]:
    with connect(scene.database.target, "run lock", autocommit=True) as holder:
        assert fetch(holder, "queries/take_run_lock", schema="public")[0]["taken"]
        yield


@contextlib.contextmanager
def a_long_transaction(scene: Scene) -> Generator[None]:
    with connect(scene.database.target, "long", autocommit=False) as holder:
        holder.execute("LOCK TABLE public.model_access_control IN ROW EXCLUSIVE MODE")
        yield


@contextlib.contextmanager
def a_prepared_transaction(scene: Scene) -> Generator[None]:
    with connect(scene.database.target, "order", autocommit=True) as session:
        session.execute("BEGIN")
        session.execute("UPDATE public.model_access_control SET display_name = 'paid'")
        session.execute("PREPARE TRANSACTION 'order-1'")
    yield


def put_a_view_in_the_way(scene: Scene) -> None:
    scene.database.rows("CREATE VIEW public.v_model_tier_access AS SELECT 1 AS mine")


def migrate(scene: Scene) -> None:
    scene.migrate()


def take_a_dump(scene: Scene) -> None:
    (scene.shell.folder / "before.dump").touch()


def drift(scene: Scene) -> None:
    scene.migrate()
    scene.database.past_sync(
        "UPDATE public.tier_model_access SET markup_multiplier = 9 WHERE id ="
        " (SELECT min(id) FROM public.tier_model_access)"
    )


def forget_a_reader(scene: Scene) -> None:
    """Migrate models that an application reads with a role of its own."""
    app = f"app_{conninfo_to_dict(scene.database.dsn)['dbname']}"
    scene.database.rows(f"CREATE ROLE {app} LOGIN; GRANT USAGE ON SCHEMA public TO {app}")
    scene.database.rows(f"GRANT SELECT ON public.model_access_control TO {app}")
    scene.migrate()


def lose_a_trigger(scene: Scene) -> None:
    scene.migrate()
    found = scene.database.value(
        """SELECT tgname FROM pg_trigger WHERE tgname LIKE 'tierflow_sync_models%%'
           AND tgrelid = 'public.model_access_control'::regclass ORDER BY tgname LIMIT 1"""
    )
    scene.database.rows(f"DROP TRIGGER {found} ON public.model_access_control")


def swap_the_models(scene: Scene) -> None:
    scene.migrate()
    scene.database.rows(
        """CREATE TABLE public.copied (LIKE public.model_access_control INCLUDING ALL);
           INSERT INTO public.copied SELECT * FROM public.model_access_control;
           ALTER TABLE public.model_access_control RENAME TO model_access_control_old;
           ALTER TABLE public.copied RENAME TO model_access_control"""
    )


def subscribe(scene: Scene) -> None:
    scene.migrate()
    scene.stack.enter_context(open_pair(scene.database)).subscribe("model_access_control")


def add_a_rule(scene: Scene) -> None:
    scene.database.rows(
        """ALTER TABLE public.model_access_control ADD CONSTRAINT not_now
           CHECK (model_id <> '') NOT VALID"""
    )
    scene.database.rows("ALTER TABLE public.model_access_control DROP CONSTRAINT not_now")
    first = scene.database.value("SELECT min(model_id) FROM public.model_access_control")
    scene.database.rows(
        f"""ALTER TABLE public.model_access_control ADD CONSTRAINT not_now
            CHECK (model_id <> '{first}') NOT VALID"""
    )


def let_no_array_be_empty(scene: Scene) -> None:
    scene.migrate()
    scene.database.rows(
        """ALTER TABLE public.model_access_control ADD CONSTRAINT never_empty
           CHECK (tier_access <> '[]') NOT VALID"""
    )


@contextlib.contextmanager
def a_full_disk(scene: Scene) -> Generator[None]:
    """What the server says then, said by a trigger; the real thing is in test_interrupted."""
    scene.database.rows(
        """CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100';
           END $$"""
    )
    scene.database.rows(
        """CREATE TRIGGER full_disk BEFORE UPDATE ON public.model_access_control
           FOR EACH STATEMENT EXECUTE FUNCTION public.full_disk()"""
    )
    yield
    scene.database.rows("DROP FUNCTION public.full_disk() CASCADE")


def rest(scene: Scene) -> None:
    scene.monkeypatch.setenv("TIERFLOW_PAUSE_WHILE", "SELECT true")
    scene.monkeypatch.setenv("TIERFLOW_LONGEST_PAUSE", LONGEST_PAUSE)


def change_both_sides(scene: Scene) -> None:
    write_one(scene, '["trial"]', '{"trial": 1.1}')
    scene.migrate()
    write_one(scene, '["trial"]', '{"trial": 1.2}', past_sync=True)
    scene.database.past_sync(
        """UPDATE public.tier_model_access SET markup_multiplier = 1.3 WHERE model_id =
           (SELECT id FROM public.model_access_control ORDER BY model_id LIMIT 1)"""
    )


def remember_rows(scene: Scene) -> None:
    for statement in (
        "CREATE TABLE public.history AS SELECT * FROM public.model_access_control LIMIT 0",
        """CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO public.history SELECT OLD.*; RETURN NULL; END'""",
        """CREATE TRIGGER remember AFTER UPDATE ON public.model_access_control
           FOR EACH ROW EXECUTE FUNCTION public.remember()""",
    ):
        scene.database.rows(statement)


def lose_captured_values(scene: Scene) -> None:
    scene.migrate()
    scene.database.rows("DELETE FROM tierflow.captured")


@contextlib.contextmanager
def through(scene: Scene, mode: str, **settings: int) -> Generator[None]:
    """Connect through PgBouncer; `DIRECT_DSN` is the server, which the cure goes to."""
    with open_bouncer(scene.database.home, scene.database.dsn, mode, **settings) as bouncer:
        scene.monkeypatch.setenv("DIRECT_DSN", scene.database.dsn)
        scene.monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        yield
    scene.monkeypatch.setenv("TIERFLOW_DSN", scene.database.dsn)


Prepare = Callable[[Scene], "AbstractContextManager[None] | None"]
LOOKING: dict[str, Prepare] = {
    "A pooler hands sessions on": lambda scene: through(scene, "transaction"),
    "The codes of the JSONB are not those of the tiers": nothing,
    "JSON is encoded twice": encode_twice,
    "A code of the tier map is held by no model": nothing,
    "A write code does not mean its tier alone": nothing,
    "A price cannot be read": spoil_a_price,
    "Two codes of one tier carry different markups": write_two_prices,
    "A privilege is missing": be_poor,
    "The database cannot be reached": lose_the_server,
    "The password holds an @ or a slash": write_a_bare_at,
    "Another run is under way": another_run,
    "An object with our name is there, and is not ours": put_a_view_in_the_way,
    "The psql script stops": nothing,
}
MIGRATING: dict[str, Prepare] = {
    "The pooler has too few sessions": lambda scene: through(scene, "session", pool=4),
    "It met a lock again and again, and gave way": a_long_transaction,
    "The lock is a prepared transaction's": a_prepared_transaction,
    "It was run twice": migrate,
    "The dump's file is there already": take_a_dump,
    "Verify finds drift": drift,
    "permission denied for table tier_model_access": forget_a_reader,
    "The sync is not complete": lose_a_trigger,
    "A table was swapped": swap_the_models,
    "A subscription writes one of the tables": subscribe,
    "The audit failed": nothing,
    "A trigger or rule of the application refuses a row": add_a_rule,
    "A revocation fails in the application": let_no_array_be_empty,
    "The server's disk is full": a_full_disk,
    "It stands still": rest,
    "The terminal is gone: was it published?": migrate,
    "Rollback refuses: both sides were changed": change_both_sides,
    "The backup columns break a write of the application": remember_rows,
    "Rollback refuses: captured values are gone": lose_captured_values,
    "Finalize refuses": migrate,
}


def test_every_situation_of_the_page_is_brought_about(server: object) -> None:
    assert {block.heading for block in SHOWN} == LOOKING.keys() | MIGRATING.keys()


@pytest.mark.parametrize("heading", LOOKING)
def test_the_message_is_what_is_printed_and_the_cure_works(scene: Scene, heading: str) -> None:
    live_through(scene, heading, LOOKING[heading])


@pytest.mark.slow
@pytest.mark.parametrize("heading", MIGRATING)
def test_the_message_of_a_migration_is_what_is_printed_and_the_cure_works(
    scene: Scene, heading: str
) -> None:
    live_through(scene, heading, MIGRATING[heading])


def live_through(scene: Scene, heading: str, prepare: Prepare) -> None:
    """Bring the situation about, compare what is printed with the page, and type the cure."""
    shown = next(block for block in SHOWN if block.heading == heading)
    command, *wanted = shown.text.splitlines()
    command = command.removeprefix("$ ")
    cure = [b for b in BLOCKS if b.heading == heading and b.language == "sh"]
    typed = Block(shown.page, shown.line, "", "sh", f"{command} || echo exit code $?\n")
    with prepare(scene) or contextlib.nullcontext():
        said = scene.shell.run([typed])
    # a table's columns are as wide as what is in them
    printed = "\n".join(" ".join(line.split()) for line in said.splitlines())
    for line in wanted:
        pattern = ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
        found = re.compile(f"^{pattern}$", re.MULTILINE).search(printed)
        assert found, f"not printed: {line}\n{printed}"
        printed = printed[found.end() :]
    scene.shell.run(cure)
