"""Roles with few rights and odd settings: what they lack is named, and with that they do it all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database, Told
from support.surroundings import MIGRATE, OPTIONS, assert_two_lines, database_name, fill

from tierflow.connection import connect


@pytest.fixture
def poor(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A role that can log in and nothing else, as which tierflow connects from now on."""
    role = f"poor_{database_name(database)}"
    database.rows(f"CREATE ROLE {role} LOGIN")
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=role))
    return role


def give_source_to(database: Database, role: str) -> None:
    for table in ("subscription_tiers", "model_access_control"):
        database.rows(f"ALTER TABLE public.{table} OWNER TO {role}")


def live_a_whole_life(tierflow: Callable[..., Told], *schema: str) -> None:
    commands = (
        ("plan", *OPTIONS), (*MIGRATE, "--dry-run"), MIGRATE, ("verify", "--detailed"),
        ("migrate",),
        ("rollback",), MIGRATE, ("rollback", "--restore-snapshot"),
    )  # fmt: skip
    for command in commands:
        told = tierflow(*command, *schema)
        assert told.code == 0, told.stderr
    runs = tierflow("runs", *schema).value
    assert [run["outcome"] for run in runs] == [
        "rolled_back", "published", "rolled_back", "unchanged", "verified", "published",
    ]  # fmt: skip


@pytest.mark.parametrize("owner", ["boss", "superuser"])
def test_each_missing_grant_is_named_and_exactly_these_are_enough(
    database: Database, tierflow: Callable[..., Told], poor: str, owner: str
) -> None:
    fill(database)
    if owner == "boss":
        database.rows(f"CREATE ROLE {poor}_boss")
        give_source_to(database, f"{poor}_boss")
    database.rows("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    before = database.dump()
    told = tierflow(*MIGRATE)
    remedies = told.value["error"]["next"].split("; ")
    assert_two_lines(told, 2, *remedies, "SELECT on model_access_control")
    assert f"GRANT USAGE ON SCHEMA public TO {poor}" in remedies
    assert f"GRANT postgres TO {poor}" not in remedies  # it would make it a superuser
    assert tierflow("plan").value["error"]["next"].split("; ") == remedies

    reading = [grant for grant in remedies if grant.startswith(("GRANT SELECT", "GRANT USAGE"))]
    for grant in reading:
        database.rows(grant)
    planned = tierflow("plan", *OPTIONS)
    assert planned.code == 2
    rest = [missing["remedy"] for missing in planned.value["missing_privileges"]]
    assert set(rest) == set(remedies) - set(reading)
    assert_two_lines(tierflow(*MIGRATE), 2, *rest)
    for grant in reading:
        database.rows(grant.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "))
    assert database.dump() == before

    for grant in remedies:
        database.rows(grant)
    told = tierflow(*MIGRATE)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert tierflow("rollback").code == 0


def test_rows_that_row_security_hides_are_not_taken_for_missing(
    database: Database, tierflow: Callable[..., Told], poor: str
) -> None:
    fill(database)
    give_source_to(database, poor)
    for statement in ("ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"):
        database.rows(f"ALTER TABLE public.model_access_control {statement}")
    database.rows("CREATE POLICY own ON public.model_access_control USING (provider = 'nobody')")
    before = database.dump()
    told = tierflow(*MIGRATE)
    assert_two_lines(told, 2, "row security", f"ALTER ROLE {poor} BYPASSRLS")
    assert database.dump() == before


@pytest.mark.slow
def test_the_migration_of_another_role_asks_for_what_is_owned_by_it(
    database: Database, tierflow: Callable[..., Told], poor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    database.rows(f"CREATE ROLE {poor}_boss LOGIN")
    give_source_to(database, f"{poor}_boss")
    name = database_name(database)
    database.rows(f"GRANT CREATE ON DATABASE {name} TO {poor}_boss")
    database.rows(f"GRANT CREATE ON SCHEMA public TO {poor}_boss")
    with monkeypatch.context() as boss:
        boss.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=f"{poor}_boss"))
        assert tierflow(*MIGRATE).code == 0
    told = tierflow("migrate")
    remedies = told.value["error"]["next"].split("; ")
    assert_two_lines(told, 2, f"GRANT {poor}_boss TO {poor}")
    for grant in remedies:
        database.rows(grant)
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr


@pytest.mark.slow
def test_an_unprivileged_owner_lives_a_whole_life_in_an_awkward_schema_with_odd_settings(
    database: Database, tierflow: Callable[..., Told], poor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    database.rows(
        "UPDATE public.model_access_control SET model_id = model_id || ' é€𝄞 %s \\\\ ''\"'"
    )
    database.rows("UPDATE public.subscription_tiers SET tier_code = 'pro \"€\" :x' WHERE id = 2")
    database.rows("""UPDATE public.model_access_control
                     SET tier_access = '["pro \\"€\\" :x"]', tier_markup = '{"pro \\"€\\" :x": 1.5}'
                     WHERE tier_access ? 'pro'""")
    weird = "Weird \"Schema' %s"
    name = weird.replace('"', '""')
    database.rows(f'CREATE SCHEMA "{name}"')
    for table in ("subscription_tiers", "model_access_control"):
        database.rows(f"CREATE TABLE public.{table}_copy AS TABLE public.{table}")
        database.rows(f"ALTER TABLE public.{table} OWNER TO {poor}")
        database.rows(f'ALTER TABLE public.{table} SET SCHEMA "{name}"')
        database.rows(f"ALTER TABLE public.{table}_copy RENAME TO {table}")
        database.rows(f"ALTER TABLE public.{table} OWNER TO {poor}")
    database.rows(f'GRANT CREATE, USAGE ON SCHEMA "{name}", public TO {poor}')
    database.rows(f"GRANT CREATE ON DATABASE {database_name(database)} TO {poor}")
    settings = {
        "client_encoding": "SQL_ASCII",
        "standard_conforming_strings": "off",
        "default_transaction_isolation": "serializable",
        "datestyle": "German",
        "search_path": "public",
        "extra_float_digits": "-15",
        "quote_all_identifiers": "on",
    }
    odd = " ".join(f"-c {name}={value}" for name, value in settings.items())
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=poor, options=odd))
    before = database.dump_without_ledger()
    live_a_whole_life(tierflow, "--schema", weird)
    assert database.dump_without_ledger() == before

    # the ledger is one a database: the other schema may neither use it nor clear it
    assert tierflow(*MIGRATE, "--schema", weird).code == 0
    assert database.value("SELECT count(*) FROM public.subscription_tiers") == 2
    published = database.dump("--exclude-schema=tierflow")
    told = tierflow("plan", *OPTIONS)
    assert told.code == 2
    assert "serves schema" in told.value["obstacles"][0]
    for command in (MIGRATE, ("rollback",)):
        told = tierflow(*command)
        assert told.code == 2
        assert "serves schema" in told.stderr
    assert database.dump("--exclude-schema=tierflow") == published
    assert tierflow("verify", "--schema", weird).code == 0


def test_limits_that_the_role_carries_for_its_application_do_not_hold_for_us(
    database: Database,
) -> None:
    limits = ("statement_timeout", "idle_session_timeout")
    options = " ".join(f"-c {name}=60000" for name in limits)
    limited = Database(make_conninfo(database.dsn, options=options), database.bindir, database.home)
    with connect(limited.target, "test") as connection:
        found = connection.execute(
            "SELECT current_setting(name) AS value FROM unnest(%s::text[]) AS name", [list(limits)]
        )
        assert [row["value"] for row in found] == ["0", "0"]
