"""What an application asks and writes: docs/application.md, query by query, and its functions."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

from bench.application import PAGE, Question, read_questions
from bench.queries import BEGIN, END, SIZES
from tierflow.published import WRITE_FUNCTIONS

QUESTIONS = read_questions()
MODELS = tuple(model_uuid(name) for name in ("one", "two", "none"))
PARAMETERS: dict[str, object] = {
    "tier": "pro",
    "model": model_uuid("one"),
    "models": list(MODELS),
    "markup": Decimal("1.75"),
    "tiers": ["vip", "pro"],
}
DRIFT = """SELECT * FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration of four models and four tiers."""

    def fill() -> None:
        database.add_tiers("free", "pro", "vip", "empty")
        database.add_models(
            [
                ("one", ["free", "pro"], {"free": 1.0, "pro": 1.25}),
                ("two", ["free"], {"free": 2}),
                ("none", None, None),
            ]
        )
        database.add_model("off", ["free", "pro"], {"pro": 3}, enabled=False, provider="other")
        told = tierflow("migrate", "--min-coverage", "0")
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def ask(database: Database, query: LiteralString, **changed: object) -> list[dict[str, Any]]:
    with psycopg.Connection[dict[str, Any]].connect(
        database.dsn, row_factory=dict_row
    ) as connection:
        cursor = connection.execute(query, {**PARAMETERS, **changed})
        return cursor.fetchall() if cursor.description else []


def call(database: Database, query: LiteralString, *arguments: object) -> Any:
    """Return the one value of a query that calls a function, or its only row as a tuple."""
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute(query, arguments).fetchall()
    (row,) = rows
    return row[0] if len(row) == 1 else row


def jsonb(database: Database) -> list[dict[str, Any]]:
    return database.rows(
        """SELECT model_id, (SELECT array_agg(code ORDER BY code) FROM
               jsonb_array_elements_text(nullif(tier_access, 'null')) AS code) AS codes
           FROM public.model_access_control ORDER BY 1"""
    )


def test_the_page_has_the_reads_and_the_writes() -> None:
    assert [question.writes for question in QUESTIONS] == [False] * 3 + [True] * 4


def test_the_figures_of_the_page_are_of_its_queries() -> None:
    figures = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.split(" | ")[0].strip("| ") for line in figures.splitlines() if "|" in line][2:]
    assert rows == [question.name for question in QUESTIONS for _ in SIZES.split(",")]


@pytest.mark.parametrize(
    "question", [q for q in QUESTIONS if not q.writes], ids=lambda question: question.name
)
@pytest.mark.parametrize("tier", ["free", "pro", "empty", "nobody"])
def test_old_and_new_query_answer_the_same(shop: Database, question: Question, tier: str) -> None:
    old, new = (ask(shop, query, tier=tier) for query in (question.old, question.new))
    assert [tuple(row.values()) for row in new] == [tuple(row.values()) for row in old]
    if tier in ("free", "pro"):
        assert new


@pytest.mark.parametrize(
    "question", [q for q in QUESTIONS if q.writes], ids=lambda question: question.name
)
def test_old_and_new_query_leave_the_same_on_both_sides(shop: Database, question: Question) -> None:
    before = shop.grants()
    effects: list[object] = []
    for query in (question.old, question.new):
        fill_once(shop, __name__, lambda: None)  # as it was
        ask(shop, query)
        assert shop.rows(DRIFT) == []
        effects.append((shop.grants(), jsonb(shop)))
    assert effects[0] == effects[1]
    assert shop.grants() != before


def test_assigning_counts_what_is_new_changed_and_as_it_was(shop: Database) -> None:
    assign = "SELECT * FROM public.assign_models_to_tier(%s, %s, %s)"
    twice = [*MODELS, *MODELS]
    assert call(shop, assign, "free", twice, Decimal(2)) == (1, 1, 1)
    stamp = "SELECT array_agg(updated_at ORDER BY id) FROM public.tier_model_access"
    stamps = shop.value(stamp)
    assert call(shop, assign, "free", twice, Decimal(2)) == (0, 0, 3)
    assert shop.value(stamp) == stamps
    assert call(shop, assign, "free", [], None) == (0, 0, 0)
    # without a markup nobody's price changes
    assert call(shop, assign, "pro", list(MODELS), None) == (2, 0, 1)
    assert {(m, k) for m, t, k in shop.grants() if t == "pro" and m != "off"} == {
        ("one", "1.25"), ("two", "1.00"), ("none", "1.00"),
    }  # fmt: skip
    assert shop.rows(DRIFT) == []


def test_a_disabled_grant_is_granted_again_with_its_markup(shop: Database) -> None:
    off = "UPDATE public.tier_model_access SET enabled = false WHERE tier_id = 2"
    shop.rows(off)
    assert call(shop, "SELECT public.remove_model_from_tier(%s, 'pro')", MODELS[0]) is False
    fill_once(shop, __name__, lambda: None)
    shop.rows(off)
    assign = "SELECT * FROM public.assign_models_to_tier('pro', %s)"
    assert call(shop, assign, [MODELS[0]]) == (1, 0, 0)
    assert ("one", "pro", "1.25") in shop.grants()
    shop.rows(off)
    assert ask(shop, "SELECT * FROM public.set_model_tiers(%(model)s, '{pro}')") == [
        {"tier_code": "free", "change": "revoked", "markup_multiplier": Decimal("1.00")},
        {"tier_code": "pro", "change": "granted", "markup_multiplier": Decimal("1.25")},
    ]
    assert shop.rows(DRIFT) == []


def test_a_markup_of_a_grant_that_is_switched_off_is_refused_in_these_words(shop: Database) -> None:
    shop.rows("UPDATE public.tier_model_access SET enabled = false WHERE model_id = %s", MODELS[0])
    before = shop.dump()
    with pytest.raises(psycopg.Error) as caught:
        call(shop, "SELECT public.set_model_markup(%s, 'pro', 2)", MODELS[0])
    diagnosis = caught.value.diag
    assert diagnosis.sqlstate == "P0002"
    said = f"The grant of the model {MODELS[0]} for the tier 'pro' is switched off."
    assert diagnosis.message_primary == said
    assert "Enable it" in (diagnosis.message_hint or "")
    assert shop.dump() == before


def test_a_tier_that_does_not_exist_has_no_models_as_in_the_old_query(shop: Database) -> None:
    assert shop.rows("SELECT * FROM public.get_models_for_tier('nope')") == []
    old = "SELECT id FROM public.model_access_control WHERE tier_access ? 'nope'"
    assert shop.rows(old) == []


def test_each_function_says_what_it_did(shop: Database) -> None:
    remove = "SELECT public.remove_model_from_tier(%s, %s)"
    assert call(shop, remove, MODELS[0], "pro") is True
    assert call(shop, remove, MODELS[0], "pro") is False
    change = "SELECT public.set_model_markup(%s, %s, %s)"
    assert call(shop, change, MODELS[1], "free", Decimal("0.5")) == Decimal("2.00")
    assert call(shop, change, MODELS[1], "free", Decimal("0.50")) == Decimal("0.50")
    toggle = "SELECT * FROM public.set_model_tiers(%(model)s, %(tiers)s)"
    rows = ask(shop, toggle, model=MODELS[1])
    assert [(r["tier_code"], r["change"], str(r["markup_multiplier"])) for r in rows] == [
        ("free", "revoked", "0.50"), ("pro", "granted", "1.00"), ("vip", "granted", "1.00"),
    ]  # fmt: skip
    assert {row["change"] for row in ask(shop, toggle, model=MODELS[1])} == {"kept"}
    assert len(ask(shop, toggle, model=MODELS[1], tiers=[])) == 2
    assert ask(shop, toggle, model=MODELS[1], tiers=[]) == []
    assert shop.rows(DRIFT) == []


@pytest.mark.parametrize(("access", "markup"), [("7", None), ("[]", "[1]"), ('["ghost"]', '"x"')])
def test_a_grant_that_the_jsonb_cannot_say_is_in_the_quarantine_and_fails_verify(
    shop: Database, tierflow: Callable[..., Told], access: str, markup: str | None
) -> None:
    shop.add_model("odd", access, markup)
    rows = ask(
        shop,
        "SELECT change FROM public.set_model_tiers(%(model)s, '{pro}')",
        model=model_uuid("odd"),
    )
    assert rows == [{"change": "granted"}]
    held = "SELECT tier_access::text, tier_markup::text FROM public.model_access_control"
    assert shop.rows(f"{held} WHERE model_id = 'odd'") == [
        {"tier_access": access, "tier_markup": markup}
    ]
    quarantine = "SELECT tier_codes FROM tierflow.quarantine WHERE reason = 'not_in_jsonb'"
    assert shop.rows(quarantine) == [{"tier_codes": ["pro"]}]
    assert tierflow("verify").code == 1
    told = tierflow("rollback")
    assert (told.code, "odd (tier_" in told.value["error"]["message"]) == (2, True)


NOBODY = UUID(int=1)
REFUSED: tuple[tuple[LiteralString, tuple[object, ...], str, str], ...] = (
    ("assign_models_to_tier(%s, %s)", ("it's", list(MODELS)), "P0002", "no tier 'it''s'"),
    ("assign_models_to_tier(%s, %s)", ("pro", [NOBODY]), "P0002", f"no model {NOBODY}"),
    ("assign_models_to_tier(%s, %s)", ("pro", [NOBODY, UUID(int=2), MODELS[0]]), "P0002",
     "no models for 2 of the ids"),
    ("assign_models_to_tier(%s, %s, 100)", ("pro", list(MODELS)), "22023", "markup of 100"),
    ("assign_models_to_tier(%s, %s, 1.005)", ("pro", list(MODELS)), "22023", "markup of 1.005"),
    ("assign_models_to_tier(%s, %s, 'NaN')", ("pro", list(MODELS)), "22023", "markup of NaN"),
    ("assign_models_to_tier(%s, NULL)", ("pro",), "22004", "models are NULL"),
    ("assign_models_to_tier(NULL, %s)", (list(MODELS),), "22004", "tiers or models is NULL"),
    ("assign_models_to_tier(%s, %s)", ("pro", [None, MODELS[0]]), "22004", "is NULL"),
    ("remove_model_from_tier(%s, 'Pro')", (MODELS[0],), "P0002", "no tier 'Pro'"),
    ("remove_model_from_tier(%s, 'pro')", (NOBODY,), "P0002", f"no model {NOBODY}"),
    ("set_model_markup(%s, 'pro', 2)", (MODELS[1],), "P0002", "has no grant for the tier 'pro'"),
    ("set_model_markup(%s, 'pro', NULL)", (MODELS[0],), "22004", "markup is NULL"),
    ("set_model_markup(%s, 'pro', -0.01)", (MODELS[0],), "22023", "markup of -0.01"),
    ("set_model_tiers(%s, '{pro,b,a}')", (MODELS[0],), "P0002", "no tiers 'a', 'b'"),
    ("set_model_tiers(%s, NULL)", (MODELS[0],), "22004", "tiers are NULL"),
)  # fmt: skip


def test_what_cannot_be_written_is_refused_with_detail_and_hint(shop: Database) -> None:
    before = shop.dump()
    for query, arguments, state, said in REFUSED:
        with (
            psycopg.connect(shop.dsn) as connection,
            pytest.raises(psycopg.Error) as caught,
        ):
            connection.execute("SELECT public." + query, arguments)
        diagnosis = caught.value.diag
        assert diagnosis.sqlstate == state, query
        assert said in (diagnosis.message_primary or ""), query
        assert "Nothing was changed." in (diagnosis.message_detail or "")
        assert diagnosis.message_hint
    assert shop.dump() == before


def test_they_run_as_the_caller_whatever_its_search_path(shop: Database) -> None:
    facts = shop.rows(
        """SELECT proname, prosecdef, proconfig FROM pg_proc
           WHERE pronamespace = 'public'::regnamespace AND proname = ANY(%s)""",
        list(WRITE_FUNCTIONS),
    )
    assert len(facts) == len(WRITE_FUNCTIONS)
    for row in facts:
        assert (row["prosecdef"], row["proconfig"]) == (False, ["search_path=pg_catalog, pg_temp"])
    role = f"admin_api_{shop.value('SELECT current_database()')}"
    shop.rows(f"CREATE ROLE {role}")
    try:
        with psycopg.connect(shop.dsn, autocommit=True) as connection:
            connection.execute("CREATE TEMPORARY TABLE tier_model_access (nothing int)")
            for grant in page_grants(role):
                connection.execute(grant)
            connection.execute(f"SET SESSION AUTHORIZATION {role}".encode())
            connection.execute("SET search_path = pg_temp")
            for question in reversed([q for q in QUESTIONS if q.writes]):
                name = question.new.partition("(")[0].split()[-1]
                query = question.new.replace(name, f"public.{name}").encode()
                connection.execute(query, PARAMETERS)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM public.model_access_control")
            connection.execute("RESET SESSION AUTHORIZATION")
            connection.execute(f"REVOKE DELETE ON public.tier_model_access FROM {role}".encode())
            connection.execute(f"SET SESSION AUTHORIZATION {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT public.remove_model_from_tier(%s, 'pro')", (MODELS[0],))
        assert shop.rows(DRIFT) == []
    finally:
        shop.rows(f"DROP OWNED BY {role}")
        shop.rows(f"DROP ROLE {role}")


def page_grants(role: str) -> list[bytes]:
    """Return the GRANTs of the page, for this role."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    grants = [line.strip() for line in lines if line.startswith("    GRANT ")]
    assert len(grants) == 4
    return [
        grant.replace("admin_api", role).replace(" ON ", " ON public.", 1)
        .replace("public.SEQUENCE ", "SEQUENCE public.").encode()
        for grant in grants
    ]  # fmt: skip


def test_two_sessions_that_set_the_tiers_of_a_model_leave_one_of_both_sets(shop: Database) -> None:
    toggle = "SELECT * FROM public.set_model_tiers(%(model)s, %(tiers)s)"
    with psycopg.connect(shop.dsn) as first:
        first.execute(toggle, {**PARAMETERS, "tiers": ["vip"]})
        second = threading.Thread(target=lambda: ask(shop, toggle, tiers=["empty", "free"]))
        second.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not shop.value(waiting):
            pass
        first.commit()
        second.join()
    assert {tier for model, tier, _ in shop.grants() if model == "one"} == {"empty", "free"}
    assert shop.rows(DRIFT) == []


def test_functions_and_writers_of_the_jsonb_meet_no_deadlock(shop: Database) -> None:
    """Each writes all models, whose order in its arguments is another each time."""
    errors: list[psycopg.Error] = []

    def write(number: int) -> None:
        chance = random.Random(number)
        with psycopg.connect(shop.dsn, autocommit=True) as connection:
            for _ in range(25):
                models = chance.sample(MODELS, len(MODELS))
                values = PARAMETERS | {
                    "model": models[0],
                    "models": models,
                    "markup": Decimal(chance.randint(100, 300)) / 100,
                    "tiers": chance.sample(["free", "pro", "vip"], 2),
                }
                question = chance.choice(QUESTIONS[-4:])
                # one model for the old way: its bulk UPDATE locks in the order of the table
                old = number % 2 and "models" not in question.old.partition("WHERE")[2]
                try:
                    connection.execute(question.old if old else question.new, values)
                except psycopg.errors.NoDataFound:
                    continue
                except psycopg.Error as error:
                    errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert shop.rows(DRIFT) == []


@pytest.mark.slow
def test_a_table_that_an_older_version_published_gets_the_functions_by_a_rerun(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    signatures = shop.value(
        """SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc
           WHERE pronamespace = 'public'::regnamespace AND proname = ANY(%s)""",
        list(WRITE_FUNCTIONS),
    )
    shop.rows(f"DROP FUNCTION {signatures}")
    told = tierflow("verify")
    assert told.code == 1
    assert "function set_model_tiers" in told.stderr
    will_create = tierflow("plan").value["will_create"]
    assert {f"function {name}" for name in WRITE_FUNCTIONS} == set(will_create)
    assert tierflow("migrate").value["outcome"] == "reconciled"
    assert tierflow("verify").code == 0
    assert tierflow("migrate").value["outcome"] == "unchanged"
