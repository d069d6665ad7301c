"""A hostile schema: each oddity lives a whole life, or the preflight refuses it in plain words."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Callable

import psycopg
import pytest
from support.database import Database, Told, model_uuid
from support.zygote import Zygote

from sql import FOLDER
from tasks.survey import preflight
from tierflow.errors import ConfigurationError, TierflowError

Call = Callable[..., Told]
Psql = Callable[..., subprocess.CompletedProcess[str]]
OPTIONS = ("--min-coverage", "0")
FUNCTION = """CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql AS '{body}'"""
TRIGGER = """; CREATE TRIGGER mine {when} UPDATE ON public.model_access_control
             FOR EACH ROW EXECUTE FUNCTION public.{name}()"""


@pytest.fixture
def source(database: Database) -> Database:
    """A few models with every kind of access."""
    database.add_tiers("free", "pro")
    access: tuple[list[str], ...] = (["free"], ["free", "pro"], [], ["pro"])
    database.add_models([(f"m{n:02}", access[n % 4], {"pro": 1.5}) for n in range(12)])
    return database


@pytest.fixture
def call(zygote: Zygote, source: Database) -> Call:
    """Run a command on the source."""
    env = {"TIERFLOW_DSN": source.dsn, "TIERFLOW_HOME": str(source.home)}
    return lambda *arguments: zygote.call(*arguments, env=env)


@pytest.fixture
def psql(source: Database) -> Psql:
    """Run one of the standalone scripts on the source."""

    def run_script(name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        given = [
            f"--set={key}={value}" for key, value in {"min_coverage": "0", **variables}.items()
        ]
        path = str(FOLDER / f"{name}.sql")
        program = [source.bindir / "psql", "-X", "-d", source.dsn, *given, "-f", path]
        return subprocess.run(program, capture_output=True, text=True, check=False)

    return run_script


def as_trigger(name: str, when: str, body: str) -> str:
    return FUNCTION.format(name=name, body=body) + TRIGGER.format(name=name, when=when)


PARTITIONED = """
    ALTER TABLE public.model_access_control RENAME TO whole;
    CREATE TABLE public.model_access_control (LIKE public.whole INCLUDING DEFAULTS)
        PARTITION BY HASH (id);
    ALTER TABLE public.model_access_control ADD PRIMARY KEY (id);
    CREATE TABLE public.part_0 PARTITION OF public.model_access_control
        FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public.part_1 PARTITION OF public.model_access_control
        FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO public.model_access_control SELECT * FROM public.whole;
    DROP TABLE public.whole;
    CREATE TRIGGER touch BEFORE UPDATE ON public.model_access_control
        FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at()"""

# whatever of these is called in place of the catalogue's raises
HIJACKED = "CREATE SCHEMA evil; " + "; ".join(
    f"""CREATE FUNCTION evil.{name}({given}) RETURNS {result} LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''{name} was hijacked''; END'"""
    for name, given, result in (
        ("set_config", "text, text, boolean", "text"),
        ("current_setting", "text", "text"), ("current_setting", "text, boolean", "text"),
        ("now", "", "timestamptz"), ("clock_timestamp", "", "timestamptz"),
        ("jsonb_typeof", "jsonb", "text"), ("jsonb_array_elements", "jsonb", "SETOF jsonb"),
        ("round", "numeric, integer", "numeric"), ("to_regclass", "text", "regclass"),
        ("hashtext", "text", "integer"), ("format", "text, VARIADIC \"any\"", "text"),
        ("quote_ident", "text", "text"), ("gen_random_uuid", "", "uuid"),
        ("equal", "text, text", "boolean"), ("equal", "integer, integer", "boolean"),
        ("equal", "uuid, uuid", "boolean"), ("equal", "jsonb, jsonb", "boolean"),
        ("equal", "name, name", "boolean"), ("member", "jsonb, text", "jsonb"),
        ("has_key", "jsonb, text", "boolean"),
    )
    if name != "format"  # plpgsql takes no VARIADIC "any"
) + "".join(
    f"; CREATE OPERATOR evil.{sign} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = evil.{name})"
    for sign, left, right, name in (
        ("=", "text", "text", "equal"), ("=", "integer", "integer", "equal"),
        ("=", "uuid", "uuid", "equal"), ("=", "jsonb", "jsonb", "equal"),
        ("=", "name", "name", "equal"), ("->", "jsonb", "text", "member"),
        ("?", "jsonb", "text", "has_key"),
    )
) + """; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public',
        current_database()); END $$"""  # fmt: skip

WORKS = {
    "partitioned models": PARTITIONED,
    "functions and operators before the catalogue in the search path": HIJACKED,
    "columns that are generated from the access": """
        ALTER TABLE public.model_access_control
        ADD codes integer GENERATED ALWAYS AS (jsonb_array_length(tier_access)) STORED,
        ADD label text GENERATED ALWAYS AS (provider || ': ' || display_name) STORED""",
    "our names in another schema": """
        CREATE SCHEMA other; CREATE TABLE other.tier_model_access (x integer);
        CREATE VIEW other.v_model_tier_access AS SELECT 1 AS x;
        CREATE TYPE other.run AS ENUM ('x');
        ALTER ROLE CURRENT_USER SET search_path = other""",
    "a trigger that changes the prices": as_trigger(
        "norm", "BEFORE", "BEGIN NEW.pricing := NEW.pricing || ''{\"at\": 1}''; RETURN NEW; END"
    ),
    "a table of others in the schema of the ledger": """
        CREATE SCHEMA tierflow; CREATE TABLE tierflow.mine (x integer);
        INSERT INTO tierflow.mine VALUES (1)""",
    "a key that is a unique index only": """
        ALTER TABLE public.model_access_control DROP CONSTRAINT model_access_control_pkey;
        CREATE UNIQUE INDEX by_id ON public.model_access_control (id)""",
    "a tier without a code": """
        ALTER TABLE public.subscription_tiers ALTER tier_code DROP NOT NULL;
        INSERT INTO public.subscription_tiers VALUES (8, NULL, 'nobody', true, 8)""",
    "models without an identifier": """
        ALTER TABLE public.model_access_control ALTER model_id DROP NOT NULL;
        UPDATE public.model_access_control SET model_id = NULL WHERE model_id < 'm04'""",
    "row security that the owner may pass": """
        ALTER TABLE public.model_access_control ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON public.model_access_control USING (provider = 'nobody')""",
}  # fmt: skip
FAST = ("partitioned models", "functions and operators before the catalogue in the search path")


@pytest.mark.parametrize(
    "oddity", [pytest.param(o, marks=[] if o in FAST else pytest.mark.slow) for o in WORKS]
)
def test_it_lives_a_whole_life_with(source: Database, call: Call, psql: Psql, oddity: str) -> None:
    source.rows(WORKS[oddity])
    try:
        live(source, call, psql)
    finally:
        source.rows("ALTER ROLE CURRENT_USER RESET search_path")


ODD_SCHEMAS = {
    "quotes, spaces and upper case": 'The "Model\'s" Schema',
    "63 characters": "x" * 63,
    "63 bytes of two each, and what psql reads as a variable": "é" * 28 + ' :"x":',
    "a word that SQL keeps for itself": "table",
    "a backslash and a format": "back\\slash %s {}",
}


@pytest.mark.parametrize(
    "oddity", [pytest.param(o, marks=[] if n == 2 else pytest.mark.slow)
               for n, o in enumerate(ODD_SCHEMAS)]
)  # fmt: skip
def test_it_lives_a_whole_life_in_a_schema_named_with(
    source: Database, call: Call, psql: Psql, oddity: str
) -> None:
    schema = ODD_SCHEMAS[oddity]
    quoted = '"' + schema.replace('"', '""') + '"'
    source.rows(f"CREATE SCHEMA {quoted}")
    for table in ("subscription_tiers", "model_access_control"):
        source.rows(f"ALTER TABLE public.{table} SET SCHEMA {quoted}")
    live(source, call, psql, schema)


def live(source: Database, call: Call, psql: Psql, schema: str = "public") -> None:
    """Migrate, verify and roll back, by the commands and by the scripts; both sides are written."""
    before = source.dump_without_ledger()
    where = ("--schema", schema)
    for command in (("plan", *OPTIONS), ("migrate", "--dry-run", *OPTIONS)):
        whole = source.dump()
        told = call(*command, *where)
        assert told.code == 0, told.stderr
        assert source.dump() == whole
    outcomes = [
        (told.code, told.value["outcome"])
        for command in ("migrate", "verify", "migrate", "rollback")
        for told in [call(command, *(OPTIONS if command == "migrate" else ()), *where)]
    ]
    assert outcomes == [(0, "published"), (0, "verified"), (0, "unchanged"), (0, "rolled_back")]
    assert source.dump_without_ledger() == before

    migrated = psql("migrate_to_dynamic_tiers", schema=schema)
    assert "Outcome: published" in migrated.stdout, migrated.stderr
    write_both_sides(source, '"' + schema.replace('"', '""') + '"')
    verified = psql("verify_migration", schema=schema)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    back = psql("rollback_dynamic_tiers", schema=schema)
    assert back.returncode == 0, back.stderr
    told = call("rollback", *where)
    assert (told.code, told.value["outcome"]) in {(0, "rolled_back"), (0, "unchanged")}


def write_both_sides(source: Database, schema: str) -> None:
    """Write the JSONB of one model and a grant of another, and see each on the other side."""
    one, other = model_uuid("m02"), model_uuid("m06")
    schema = schema.replace("%", "%%")
    is_ = "OPERATOR(pg_catalog.=)"  # what is hijacked is not the test's own statement
    source.rows(
        f"""UPDATE {schema}.model_access_control SET tier_access = '["pro"]' WHERE id {is_} %s""",
        one,
    )
    source.rows(f"INSERT INTO {schema}.tier_model_access (tier_id, model_id) VALUES (1, %s)", other)
    found = source.rows(
        f"""SELECT (SELECT array_agg(tier_id) FROM {schema}.tier_model_access
            WHERE model_id {is_} %s) AS grants,
            (SELECT tier_access::text FROM {schema}.model_access_control
            WHERE id {is_} %s) AS access""",
        one,
        other,
    )
    assert found == [{"grants": [2], "access": '["free"]'}]


def test_a_write_that_names_a_partition_reaches_the_grants(source: Database, call: Call) -> None:
    source.rows(PARTITIONED)
    assert call("migrate", *OPTIONS).code == 0
    for part in ("part_0", "part_1"):
        source.rows(f"""UPDATE public.{part} SET tier_access = '["pro"]', tier_markup = '{{}}'""")
    assert source.grants() == {(f"m{n:02}", "pro", "1.00") for n in range(12)}
    assert call("verify").code == 0


def test_the_plan_says_what_a_truncate_of_one_partition_does(source: Database, call: Call) -> None:
    assert not [note for note in call("plan").value["notes"] if "partition" in note]
    source.rows(PARTITIONED)
    notes = call("plan", *OPTIONS).value["notes"]
    assert [note for note in notes if "of one empties tier_model_access" in note]
    assert call("migrate", *OPTIONS).code == 0
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        source.rows("TRUNCATE public.part_0")
    source.rows("TRUNCATE public.part_0 CASCADE")
    assert source.value("SELECT count(*) FROM public.model_access_control") > 0
    assert source.grants() == set()
    assert source.rows("SELECT FROM public.model_access_control WHERE tier_access <> '[]'") == []
    assert call("verify", "--min-coverage", "0").code == 0


def test_the_plan_says_that_an_id_may_not_move_a_model_to_another_partition(
    source: Database, call: Call
) -> None:
    assert not [note for note in call("plan").value["notes"] if "partition" in note]
    source.rows(PARTITIONED)
    notes = call("plan", *OPTIONS).value["notes"]
    assert [note for note in notes if "id of a model" in note and "another partition fails" in note]
    assert call("migrate", *OPTIONS).code == 0
    before = source.grants()
    ids = [uuid.uuid4() for _ in range(40)]
    query = "SELECT satisfies_hash_partition('public.model_access_control'::regclass, 2, 0, %s)"
    within = {
        there: next(i for i in ids if source.value(query, i) == there) for there in (True, False)
    }
    place = source.value(query, model_uuid("m01"))
    move = "UPDATE public.model_access_control SET id = %s WHERE model_id = 'm01'"
    with pytest.raises(psycopg.errors.UniqueViolation, match="unique_tier_model"):
        source.rows(move, within[not place])
    source.rows(move, within[place])
    assert source.grants() == before
    assert call("verify").code == 0


UNIQUE = """DO $$ BEGIN EXECUTE (
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
    FROM pg_constraint WHERE conrelid = 'public.{table}'::regclass AND contype = 'u'); END $$;"""
MODELS = "public.model_access_control"
REFUSED = {
    "models that have children": (
        "CREATE TABLE public.child () INHERITS (public.model_access_control)",
        "public.model_access_control has child tables (public.child)",
    ),
    "models that are a child": (
        """CREATE TABLE public.mother (provider varchar);
           ALTER TABLE public.model_access_control INHERIT public.mother""",
        "public.model_access_control is a child of public.mother",
    ),
    "unlogged models": (
        "ALTER TABLE public.model_access_control SET UNLOGGED",
        "public.model_access_control is not a permanent table",
    ),
    "models without a key": (
        "ALTER TABLE public.model_access_control DROP CONSTRAINT model_access_control_pkey",
        "public.model_access_control has no primary key or unique index on id alone",
    ),
    "models with a deferrable key": (
        """ALTER TABLE public.model_access_control DROP CONSTRAINT model_access_control_pkey,
           ADD PRIMARY KEY (id) DEFERRABLE""",
        "public.model_access_control has no primary key or unique index on id alone",
    ),
    "models with a partial key": (
        """ALTER TABLE public.model_access_control DROP CONSTRAINT model_access_control_pkey;
           CREATE UNIQUE INDEX ON public.model_access_control (id) WHERE enabled""",
        "public.model_access_control has no primary key or unique index on id alone",
    ),
    "tiers without a key": (
        "ALTER TABLE public.subscription_tiers DROP CONSTRAINT subscription_tiers_pkey",
        "public.subscription_tiers has no primary key or unique index on id alone",
    ),
    "a table of a type": (
        """CREATE TYPE public.shape AS (id integer, tier_code varchar, tier_name varchar,
           is_active boolean, sort_order integer);
           ALTER TABLE public.subscription_tiers OF public.shape""",
        "public.subscription_tiers is a table of a type",
    ),
    "two tiers of one code": (
        UNIQUE.format(table="subscription_tiers")
        + "INSERT INTO public.subscription_tiers VALUES (8, 'free', 'twin', true, 8)",
        "2 tiers have the code 'free'",
    ),
    "a generated access": (
        """ALTER TABLE public.model_access_control RENAME tier_access TO raw;
           ALTER TABLE public.model_access_control
           ADD tier_access jsonb GENERATED ALWAYS AS (raw) STORED""",
        "column tier_access of public.model_access_control is generated",
    ),
    "a rule": (
        "CREATE RULE mine AS ON UPDATE TO public.model_access_control DO INSTEAD NOTHING",
        "public.model_access_control has the rule mine",
    ),
    "an enum named like the table": (
        "CREATE TYPE public.tier_model_access AS ENUM ('x')",
        "type public.tier_model_access has the name of a relation",
    ),
    "a domain named like a view": (
        "CREATE DOMAIN public.v_tier_model_summary AS integer",
        "type public.v_tier_model_summary has the name of a relation",
    ),
    "a function of ours that others made": (
        """CREATE FUNCTION public.is_model_available_for_tier(p_model_id uuid, p_tier_code varchar)
           RETURNS boolean LANGUAGE sql RETURN true""",
        "function public.is_model_available_for_tier(uuid,character varying) is there",
    ),
    "a trigger function of ours that others made": (
        FUNCTION.format(name="touch_tier_model_access", body="BEGIN RETURN NULL; END"),
        "function public.touch_tier_model_access() is there",
    ),
    "a view of ours that others made": (
        """CREATE VIEW public.v_tier_model_summary AS SELECT 'x'::varchar AS tier_code,
           'x'::varchar AS tier_name, 1 AS sort_order, 1::bigint AS model_count,
           1::bigint AS providers, 1.0 AS min_markup, 1.0 AS max_markup""",
        "view public.v_tier_model_summary is there and no migration made it",
    ),
    "a backup column that others made": (
        """ALTER TABLE public.model_access_control ADD tier_access_backup jsonb;
           UPDATE public.model_access_control SET tier_access_backup = '["mine"]'""",
        "column tier_access_backup of public.model_access_control is there",
    ),
    **{
        f"a ledger of others, with {what}": (
            f"CREATE SCHEMA tierflow; CREATE {statement}",
            f"schema tierflow holds the {kind}, which is not of tierflow",
        )
        for what, statement, kind in (
            ("a decision", "TABLE tierflow.decision (x integer)", "relation decision"),
            ("a run", "TABLE tierflow.run (run_id uuid)", "relation run"),
            ("a chunk", "TABLE tierflow.chunk (number integer)", "relation chunk"),
            ("a view", "VIEW tierflow.quarantine AS SELECT 1 AS x", "relation quarantine"),
            ("a table for a view", "TABLE tierflow.tier_code (x integer)", "relation tier_code"),
            ("a type", "DOMAIN tierflow.run AS integer", "type run"),
            ("a function", """FUNCTION tierflow.markup_number(p_value jsonb) RETURNS text
                              LANGUAGE sql RETURN 'x'""", "function markup_number"),
        )
    },
    **{
        f"a table of others in {schema}, named {name}": (
            f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.{name} AS SELECT 1 AS x",
            f"schema {schema} holds the relation {name}, which is not of tierflow, and a run would"
            " drop it",
        )
        for schema in ("tierflow_build", "tierflow_dry_run")
        for name in ("mine", "tier_model_access", "run")
    },
}  # fmt: skip


@pytest.mark.parametrize("oddity", REFUSED)
def test_the_preflight_and_the_script_refuse(source: Database, psql: Psql, oddity: str) -> None:
    statement, said = REFUSED[oddity]
    source.rows(statement)
    whole = source.dump()
    plan = preflight.fn(source.target, {"min_coverage": 0.0, "backup_columns": True}).plan
    assert [o for o in plan.obstacles if o.startswith(said)], plan.obstacles
    with pytest.raises(TierflowError, match=re.escape(said)) as stopped:
        plan.require_decided()
    assert stopped.value.exit_code == 2
    told = psql("migrate_to_dynamic_tiers", backup_columns="true")
    assert told.returncode == 3
    assert said in told.stderr
    assert "Nothing was changed" in told.stderr
    assert source.dump() == whole


def test_a_column_of_others_with_the_name_of_a_backup_column_is_left_alone(
    source: Database, call: Call, psql: Psql
) -> None:
    """Without backup columns nobody asks for the name, and no way back drops what is not ours."""
    source.rows(REFUSED["a backup column that others made"][0])
    whole = source.dump_without_ledger()
    assert call("migrate", *OPTIONS).code == 0
    assert call("rollback").code == 0
    assert source.dump_without_ledger() == whole
    assert psql("migrate_to_dynamic_tiers").returncode == 0
    assert psql("rollback_dynamic_tiers").returncode == 0
    assert source.dump_without_ledger() == whole


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_view_is_no_source(source: Database, psql: Psql, kind: str) -> None:
    source.rows("ALTER TABLE public.subscription_tiers RENAME TO hidden")
    source.rows(f"CREATE {kind} public.subscription_tiers AS SELECT * FROM public.hidden")
    with pytest.raises(ConfigurationError, match="subscription_tiers is not a table"):
        preflight.fn(source.target, {})
    assert "subscription_tiers is not a table" in psql("migrate_to_dynamic_tiers").stderr


def test_the_rollback_too_drops_no_table_of_others(
    source: Database, call: Call, psql: Psql
) -> None:
    assert call("migrate", *OPTIONS).code == 0
    for schema in ("tierflow_build", "tierflow_dry_run"):
        source.rows(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.mine AS SELECT 1 AS x")
        told = call("rollback")
        assert told.code == 2
        assert f"schema {schema} holds the relation mine" in told.stderr
        assert "holds the relation mine" in psql("rollback_dynamic_tiers").stderr
        assert source.value(f"SELECT count(*) FROM {schema}.mine") == 1
        source.rows(f"DROP SCHEMA {schema} CASCADE")
    assert call("rollback").code == 0


def test_the_schemas_of_tierflow_are_no_source(call: Call, psql: Psql) -> None:
    for schema in ("tierflow", "tierflow_build", "tierflow_dry_run"):
        for command in ("plan", "migrate", "rollback", "verify"):
            told = call(command, "--schema", schema)
            assert told.code == 2
            assert f"Schema '{schema}' belongs to tierflow itself" in told.stderr
        assert f"Schema {schema} belongs" in psql("migrate_to_dynamic_tiers", schema=schema).stderr


IN_THE_WAY = {
    "a trigger that raises": (
        as_trigger("no", "BEFORE", "BEGIN RAISE EXCEPTION ''no updates''; END"),
        "The function public.no() of this database fails when tierflow writes: no updates.",
    ),
    "a trigger that raises an error of its own class": (
        as_trigger("no", "AFTER", "BEGIN RAISE ''mine'' USING ERRCODE = ''XX123''; END"),
        "The function public.no() of this database fails when tierflow writes: mine.",
    ),
    "a trigger that looks names up in the search path": (
        "CREATE TABLE public.audit_log (what text);"
        + as_trigger("audit", "AFTER", "BEGIN INSERT INTO audit_log VALUES (1); RETURN NULL; END"),
        "ALTER FUNCTION public.audit() SET search_path = public, pg_temp",
    ),
    "a trigger that is deferred to the commit": (
        FUNCTION.format(name="late", body="BEGIN RAISE EXCEPTION ''too late''; END")
        + """; CREATE CONSTRAINT TRIGGER mine AFTER UPDATE ON public.model_access_control
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.late()""",
        "The function public.late() of this database fails when tierflow writes: too late.",
    ),
    "a trigger that discards the row": (
        as_trigger("skip", "BEFORE", "BEGIN RETURN NULL; END"),
        "A trigger of public.model_access_control discards updates without an error",
    ),
    "a constraint that looks names up in the search path": (
        """CREATE FUNCTION public.fine(jsonb) RETURNS boolean LANGUAGE plpgsql
           AS 'BEGIN RETURN finer($1); END';
           CREATE FUNCTION public.finer(jsonb) RETURNS boolean LANGUAGE sql RETURN true;
           ALTER TABLE public.model_access_control ADD CHECK (public.fine(tier_access))""",
        "ALTER FUNCTION public.fine(jsonb) SET search_path = public, pg_temp",
    ),
    "an event trigger": (
        """CREATE FUNCTION public.frozen() RETURNS event_trigger LANGUAGE plpgsql
           AS 'BEGIN RAISE EXCEPTION ''no DDL on Fridays''; END';
           CREATE EVENT TRIGGER frozen ON ddl_command_start EXECUTE FUNCTION public.frozen()""",
        "The function public.frozen() of this database fails when tierflow writes: no DDL",
    ),
}  # fmt: skip


@pytest.mark.parametrize("obstacle", IN_THE_WAY)
def test_it_is_met_before_anything_is_changed(source: Database, call: Call, obstacle: str) -> None:
    statement, said = IN_THE_WAY[obstacle]
    source.rows(statement)
    whole = source.dump()
    told = call("migrate", *OPTIONS)
    assert told.code == 2, told.stderr
    assert said in told.stderr
    assert source.dump() == whole


def test_a_trigger_function_with_a_search_path_of_its_own_does_its_work(
    source: Database, call: Call
) -> None:
    source.rows(IN_THE_WAY["a trigger that looks names up in the search path"][0])
    source.rows("ALTER FUNCTION public.audit() SET search_path = public, pg_temp")
    assert call("migrate", *OPTIONS).code == 0
    seen = source.value("SELECT count(*) FROM public.audit_log")
    write_both_sides(source, "public")
    assert source.value("SELECT count(*) FROM public.audit_log") == seen + 2
    assert call("verify").code == 0
