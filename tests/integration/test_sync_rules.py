"""The rules of the sync in SQL, against the oracle and against tierflow/rewrite_pair.py."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, LiteralString, cast

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from support.corpus import CORPUS, MAPPED_TIERS, access_texts, markup_texts, tier_maps
from support.database import Database, Told
from support.oracle import World, consult
from support.reuse import fill_once

from sql import statement
from tierflow.decisions import Decisions
from tierflow.errors import ConfigurationError
from tierflow.plan import resolve_rules
from tierflow.rewrite_pair import rewrite_pair
from tierflow.write_codes import list_write_codes

Pair = tuple[str | None, str | None]

# some mean their tier alone, some do not
write_codes = st.dictionaries(
    st.sampled_from(MAPPED_TIERS),
    st.sampled_from([*MAPPED_TIERS, "trial", "starter", "professional", "enterprise", "all"]),
    max_size=3,
)
hundredths = st.integers(0, 9999).map(lambda n: Decimal(n) / 100)
PROPERTY = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def session(database: Database, tierflow: Callable[..., Told]) -> Iterator[psycopg.Connection]:
    """A session on a published migration with the tiers that the corpus is read against."""

    def fill() -> None:
        database.add_tiers(*MAPPED_TIERS)
        database.add_model("m", ["free"])
        assert tierflow("migrate").code == 0

    fill_once(database, f"{__name__} property", fill)
    with psycopg.connect(database.dsn) as connection:
        yield connection
        connection.rollback()


def put_in_force(connection: psycopg.Connection, decisions: Decisions) -> None:
    connection.execute("UPDATE tierflow.decision SET decisions = %s",
                       [Jsonb(decisions.as_recorded())])  # fmt: skip
    connection.execute("DELETE FROM tierflow.tier_map")
    for ordinal, (code, tiers) in enumerate(decisions.tier_map.items(), start=1):
        for tier in tiers:
            connection.execute(
                "INSERT INTO tierflow.tier_map VALUES (%s, %s, %s)",
                [code, MAPPED_TIERS.index(tier) + 1, ordinal],
            )
    connection.execute(statement("queries/save_write_codes", ledger="tierflow", schema="public"))


def write_jsonb(connection: psycopg.Connection, access: str | None, markups: str | None) -> None:
    connection.execute(
        "UPDATE public.model_access_control SET tier_access = %s::jsonb, tier_markup = %s::jsonb",
        [access, markups],
    )


def read_values(connection: psycopg.Connection) -> Pair:
    row = connection.execute(PAIR).fetchone()
    assert row is not None
    return row[0], row[1]


def read(connection: psycopg.Connection, query: LiteralString) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


GRANTS: LiteralString = """SELECT tier_code, (markup_multiplier * 100)::int
    FROM public.tier_model_access JOIN public.subscription_tiers AS tier ON tier.id = tier_id
    WHERE enabled"""
QUARANTINED: LiteralString = """SELECT position, code, reason, value::text, tier_codes
    FROM tierflow.quarantine ORDER BY position"""
PAIR: LiteralString = "SELECT tier_access::text, tier_markup::text FROM public.model_access_control"


@PROPERTY
@given(
    access_texts,
    markup_texts,
    tier_maps,
    st.sampled_from(["quarantine", "lowest", "highest"]),
    st.sampled_from(["quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
)
def test_the_junction_table_and_the_quarantine_follow_the_jsonb_as_the_oracle_reads_it(
    session: psycopg.Connection,
    access: str | None,
    markups: str | None,
    tier_map: dict[str, tuple[str, ...]],
    conflict: str,
    inexact: str,
    double: str,
) -> None:
    session.rollback()
    put_in_force(session, decide(tier_map, conflict, inexact, double))
    write_jsonb(session, "[]", None)
    write_jsonb(session, access, markups)
    agree(session, access, markups, World(MAPPED_TIERS, tier_map, conflict, inexact, double))


@pytest.mark.parametrize("double", ["quarantine", "parse"])
def test_every_model_of_the_corpus_is_followed(session: psycopg.Connection, double: str) -> None:
    plain = World(MAPPED_TIERS, {}, "quarantine", "quarantine", double)
    # thousands of elements take a while, and are read as the others
    for case in (c for c in CORPUS if not c.name.startswith(("10,000", "1,000"))):
        session.rollback()
        put_in_force(session, decide({}, "quarantine", "quarantine", double))
        write_jsonb(session, case.access, case.markup)
        # what is thousands of levels deep is compared by its grants alone
        deep = " deep" in case.name
        agree(session, case.access, case.markup, plain, values=not deep)
        # and no write of the other side fails
        for n in range(1, len(MAPPED_TIERS) + 1):
            session.execute(
                """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
                   SELECT %s, id, 1.5 FROM public.model_access_control
                   ON CONFLICT (tier_id, model_id) DO UPDATE SET markup_multiplier = 1.5""",
                [n],
            )
        session.execute("DELETE FROM public.tier_model_access")


def decide(
    tier_map: Mapping[str, Any],
    conflict: str,
    inexact: str,
    double: str = "quarantine",
    write_codes: Mapping[str, str] | None = None,
) -> Decisions:
    return Decisions(
        tier_map=dict(tier_map), write_codes=dict(write_codes or {}),
        double_encoded=cast(Any, double),
        malformed="quarantine", unknown_tiers="quarantine",
        markup_conflict=cast(Any, conflict), inexact_markup=cast(Any, inexact),
    )  # fmt: skip


def agree(
    session: psycopg.Connection,
    access: str | None,
    markups: str | None,
    world: World,
    *,
    values: bool = True,
) -> None:
    # as jsonb holds them: of equal keys the last one, and numbers in full
    query = "SELECT %s::jsonb::text, %s::jsonb::text"
    stored = session.execute(query, [access, markups]).fetchone()
    assert stored is not None
    answer = consult(stored[0], stored[1], world)
    assert dict(read(session, GRANTS)) == answer.grants
    found = read(session, QUARANTINED)
    wanted = [
        (e.position, e.code, e.reason, e.value, e.tier_codes) for e in answer.quarantined
    ]  # fmt: skip
    assert [(*row[:3], row[4]) for row in found] == [(*row[:3], row[4]) for row in wanted]
    if values:
        texts = [row[3] for row in wanted]
        assert [row[3] for row in found] == [
            row[0]
            for row in session.execute(
                "SELECT value::jsonb::text FROM unnest(%s::text[]) WITH ORDINALITY AS t (value, n)"
                " ORDER BY n",
                [texts],
            ).fetchall()
        ]


@PROPERTY
@given(
    access_texts,
    markup_texts,
    tier_maps,
    st.dictionaries(st.sampled_from(MAPPED_TIERS), st.none() | hundredths, max_size=4),
    st.sampled_from(["quarantine", "lowest", "highest"]),
    st.sampled_from(["quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
    write_codes,
)
@example(
    '["free"]', '{"free": true}', {}, {"free": Decimal(1)}, "quarantine", "quarantine", "parse", {}
)
@example(None, '"{\\"trial\\": 1e400}"', {}, {"free": Decimal(0)}, "quarantine", "quarantine",
         "parse", {})  # fmt: skip
@example(None, '"{\\"trial\\": 1e79}"', {}, {"free": Decimal(0)}, "quarantine", "quarantine",
         "parse", {})  # fmt: skip
@example('["all", "free"]', '{"all": 2, "free": 2}', {"all": ("free", "pro", "byok")},
         {"pro": None}, "quarantine", "quarantine", "parse", {})  # fmt: skip
def test_the_jsonb_follows_the_junction_table_as_rewrite_pair_writes_it(
    session: psycopg.Connection,
    access: str | None,
    markups: str | None,
    tier_map: dict[str, tuple[str, ...]],
    changes: dict[str, Decimal | None],
    conflict: str,
    inexact: str,
    double: str,
    codes: dict[str, str],
) -> None:
    decisions = decide(tier_map, conflict, inexact, double, codes)
    tiers = [{"id": n, "tier_code": code} for n, code in enumerate(MAPPED_TIERS, start=1)]
    rules = resolve_rules(decisions, tiers)
    session.rollback()
    put_in_force(session, decisions)
    write_jsonb(session, "[]", None)
    write_jsonb(session, access, markups)
    before = read_values(session)
    granted = dict(read(session, GRANTS))
    real = {
        tier: markup
        for tier, markup in changes.items()
        if granted.get(tier) != (None if markup is None else int(markup * 100))
    }
    change_grants(session, real)
    after = read_values(session)
    try:
        wanted = rewrite_pair(*before, real, rules, list_write_codes(rules)) if real else before
    except ConfigurationError:
        assert after == before
        reasons = {row[2] for row in read(session, QUARANTINED)}
        assert "not_in_jsonb" in reasons or all(markup is None for markup in real.values())
        return
    # the tiers of one code have no order in SQL: what is appended is compared as a set
    assert same_array(wanted[0], after[0])
    assert unfold(after[1]) == unfold(wanted[1])
    grants = {tier: markup for tier, markup in granted.items() if tier not in real}
    grants |= {tier: int(markup * 100) for tier, markup in real.items() if markup is not None}
    world = World(MAPPED_TIERS, tier_map, conflict, inexact, double)
    assert dict(read(session, GRANTS)) == grants == consult(*after, world).grants
    agree(session, *after, world)


def change_grants(session: psycopg.Connection, changes: Mapping[str, Decimal | None]) -> None:
    """Change all in one statement, as an upsert and a deletion in it."""
    ids = {tier: MAPPED_TIERS.index(tier) + 1 for tier in changes}
    session.execute(
        """WITH change AS (
               SELECT * FROM unnest(%s::int[], %s::numeric[]) AS change (tier_id, markup)
           ), gone AS (
               DELETE FROM public.tier_model_access AS access USING change
               WHERE access.tier_id = change.tier_id AND change.markup IS NULL
           )
           INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
           SELECT change.tier_id, model.id, change.markup
           FROM change CROSS JOIN public.model_access_control AS model
           WHERE change.markup IS NOT NULL
           ON CONFLICT (tier_id, model_id)
           DO UPDATE SET markup_multiplier = excluded.markup_multiplier, enabled = true""",
        [list(ids.values()), list(changes.values())],
    )


def parse(text: str | None) -> Any:
    return json.loads(text or "null", parse_float=Decimal, parse_int=Decimal)


def unfold(text: str | None) -> Any:
    """Return a value with how often it was encoded: an encoder's blanks and order do not count."""
    value, times = parse(text), 1
    with contextlib.suppress(ValueError):
        while isinstance(value, str):
            value, times = parse(value), times + 1
    return [times, value]


def same_array(wanted: str | None, found: str | None) -> bool:
    (times, left), (found_times, right) = unfold(wanted), unfold(found)
    if times != found_times:
        return False
    if not isinstance(left, list) or not isinstance(right, list):
        return left == right
    lists = cast(list[Any], left), cast(list[Any], right)
    alike = 0
    while alike < min(map(len, lists)) and lists[0][alike] == lists[1][alike]:
        alike += 1
    rest = [sorted(map(str, items[alike:])) for items in lists]
    return rest[0] == rest[1]


NO_MAP: dict[str, tuple[str, ...]] = {}
plain_arrays = st.lists(st.sampled_from(MAPPED_TIERS), max_size=4).map(json.dumps)
plain_prices = st.dictionaries(
    st.sampled_from(MAPPED_TIERS),
    st.sampled_from([0, 1, 1.0, 1.5, 2.25, 99.99, 100, -1, 1.005, "2"]),
).map(json.dumps)
STATE: LiteralString = """SELECT
    (SELECT jsonb_agg((tier_id, enabled, markup_multiplier) ORDER BY tier_id, id)
     FROM public.tier_model_access)::text,
    (SELECT jsonb_agg((tier_id, markup_multiplier) ORDER BY tier_id, model_id)
     FROM tierflow.reconciled_grant)::text,
    (SELECT jsonb_agg(jsonb_build_array(position, code, reason, value, tier_codes)
     ORDER BY position) FROM tierflow.quarantine)::text,
    current_setting('tierflow.syncing', true)"""


@PROPERTY
@given(
    plain_arrays | access_texts,
    st.none() | plain_prices | markup_texts,
    plain_arrays | access_texts,
    st.none() | plain_prices | markup_texts,
    st.just(NO_MAP) | tier_maps,
    st.sampled_from(["quarantine", "lowest"]),
    st.sampled_from(["quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
)
def test_the_short_way_from_a_plain_jsonb_writes_what_the_general_rule_writes(
    session: psycopg.Connection,
    before: str | None,
    prices_before: str | None,
    access: str | None,
    markups: str | None,
    tier_map: dict[str, tuple[str, ...]],
    conflict: str,
    inexact: str,
    double: str,
) -> None:
    session.rollback()
    put_in_force(session, decide(tier_map, conflict, inexact, double))
    write_jsonb(session, before, prices_before)
    session.execute("SELECT set_config('tierflow.syncing', 'on', true)")
    write_jsonb(session, access, markups)
    agree_in_both_ways(session, "sync_follow_plain_jsonb(id)", "sync_follow_jsonb(ARRAY[id])")


@PROPERTY
@given(
    plain_arrays | access_texts,
    st.none() | plain_prices | markup_texts,
    st.dictionaries(st.sampled_from(MAPPED_TIERS), st.none() | hundredths, min_size=1, max_size=2),
    st.just(NO_MAP) | tier_maps,
    st.sampled_from(["quarantine", "lowest"]),
    st.sampled_from(["quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
    write_codes,
)
@example(
    '["free", "pro", "free"]',
    '{"pro": 2}',
    {"free": None},
    {},
    "quarantine",
    "quarantine",
    "parse",
    {},
)
@example("[]", '{"pro": 2}', {"pro": Decimal(2)}, {}, "quarantine", "quarantine", "parse", {})
@example("null", "null", {"pro": Decimal(1)}, {}, "quarantine", "quarantine", "parse", {})
@example(
    "[]",
    None,
    {"pro": Decimal(2)},
    {"trial": ("pro",)},
    "lowest",
    "round",
    "parse",
    {"pro": "trial"},
)
@example("[]", None, {"pro": Decimal(2)}, {"trial": ("pro",)}, "lowest", "round", "parse", {})
def test_the_short_way_from_one_plain_grant_writes_what_the_general_rule_writes(
    session: psycopg.Connection,
    access: str | None,
    markups: str | None,
    changes: dict[str, Decimal | None],
    tier_map: dict[str, tuple[str, ...]],
    conflict: str,
    inexact: str,
    double: str,
    codes: dict[str, str],
) -> None:
    session.rollback()
    put_in_force(session, decide(tier_map, conflict, inexact, double, codes))
    write_jsonb(session, access, markups)
    session.execute("SELECT set_config('tierflow.syncing', 'on', true)")
    change_grants(session, changes)
    agree_in_both_ways(session, "sync_follow_plain_grants(id)", "sync_follow_junction(ARRAY[id])")


def agree_in_both_ways(
    session: psycopg.Connection, short: LiteralString, general: LiteralString
) -> None:
    """Follow what was written both ways; where the short one declines, the general one goes on."""
    found: list[Any] = []
    for call in (general, short):
        with session.transaction(force_rollback=True):
            row = session.execute(
                "SELECT tierflow." + call + " FROM public.model_access_control"
            ).fetchone()
            if row == (False,):
                session.execute("SELECT tierflow." + general + " FROM public.model_access_control")
            found.append((read_values(session), session.execute(STATE).fetchone()))
    assert found[0] == found[1]
