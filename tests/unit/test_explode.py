"""Frames of models become frames of grants and of quarantined elements, and nothing is lost."""

from __future__ import annotations

import json
import struct
import uuid
from decimal import Decimal
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from support.corpus import (
    CORPUS,
    MAPPED_TIERS,
    TIER_MAP,
    TIERS,
    Case,
    access_texts,
    markup_texts,
    plain_text,
    tier_maps,
)
from support.oracle import Answer, World, consult

from tierflow.copy_format import grants_as_copy, read_blocks
from tierflow.decisions import Decisions
from tierflow.explode import (
    QUARANTINE_COLUMNS,
    Counts,
    Exploded,
    Reader,
    as_uuid_text,
    explode,
)
from tierflow.plan import resolve_rules
from tierflow.read_pair import Rules

Rows = list[tuple[str | None, ...]]


def rules(
    tiers: tuple[str, ...] = ("free", "byok"),
    tier_map: dict[str, Any] | None = None,
    conflict: str | None = None,
    inexact: str | None = None,
    double: str = "fail",
) -> Rules:
    decisions = Decisions(
        tier_map=tier_map or {},
        malformed="quarantine",
        double_encoded=double,  # pyright: ignore[reportArgumentType]
        markup_conflict=conflict,  # pyright: ignore[reportArgumentType]
        inexact_markup=inexact,  # pyright: ignore[reportArgumentType]
    )
    rows = [{"id": n, "tier_code": code} for n, code in enumerate(tiers, start=1)]
    return resolve_rules(decisions, rows)


def id_of(name: str | None) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, name or "")


def as_block(rows: Rows) -> tuple[bytes, bytes, bytes]:
    """Return the rows as `sql/queries/extract_chunk.sql` sends them."""
    ids = b"".join(id_of(row[0]).bytes for row in rows)
    access, markup = ("\n".join(row[n] or "" for row in rows).encode() for n in (2, 3))
    return ids, access, markup


def frame(rows: Rows) -> pd.DataFrame:
    return read_blocks([as_block(rows)]).assign(model_identifier=[str(row[1]) for row in rows])


def grants_of(exploded: Exploded, rows: Rows) -> list[tuple[str, int, str]]:
    """Return model, tier id and markup as the server reads them."""
    names = {id_of(row[0]).bytes: str(row[0]) for row in rows}
    read = struct.Struct(">h i16s ii ihhhhhh")
    grants: list[tuple[str, int, str]] = []
    for fields in read.iter_unpack(grants_as_copy(exploded.grants)):
        count, id_bytes, model, int_bytes, tier, *numeric = fields
        size, digits, weight, sign, decimals, whole, fraction = numeric
        assert (count, id_bytes, int_bytes, size) == (3, 16, 4, 12)
        assert (digits, weight, sign, decimals) == (2, 0, 0, 2)
        grants.append((names[model], tier, str(Decimal(whole) + Decimal(fraction).scaleb(-4))[:-2]))
    return grants


def quarantine_of(exploded: Exploded) -> list[tuple[Any, ...]]:
    rows = exploded.quarantine.itertuples(index=False)
    return [tuple(None if isinstance(v, float) else v for v in row)[1:] for row in rows]


def test_null_is_told_from_every_text_that_looks_like_it() -> None:
    rows: Rows = [
        ("1", "a", None, None),
        ("2", "b", '""', '"\\\\N"'),
        ("3", "c", "null", "null"),
        ("4", "d", '"NULL"', None),
        ("5", "e", '"\\\\."', "{}"),
    ]
    read = frame(rows)
    values = read[["tier_access", "tier_markup"]].itertuples(index=False)
    assert [tuple(None if pd.isna(v) else v for v in row) for row in values] == [
        row[2:] for row in rows
    ]
    assert [as_uuid_text(value) for value in read["id"]] == [str(id_of(row[0])) for row in rows]


def test_an_empty_chunk_comes_to_nothing() -> None:
    exploded = explode(read_blocks([(b"", b"", b"")]), Reader(rules()))
    assert exploded.counts == Counts()
    assert list(exploded.grants.columns) == ["model_id", "tier_id", "markup_hundredths"]
    assert list(exploded.quarantine.columns) == list(QUARANTINE_COLUMNS)
    assert grants_as_copy(exploded.grants) == b""


def test_blocks_of_one_chunk_are_read_together_or_apart() -> None:
    rows: Rows = [(str(n), str(n), '["free"]', None if n % 2 else "{}") for n in range(5)]
    whole = read_blocks([as_block(rows)])
    apart = read_blocks([as_block(rows[:2]), as_block(rows[2:])])
    assert whole["id"].tolist() == apart["id"].tolist()
    assert explode(whole, Reader(rules())).grants.equals(explode(apart, Reader(rules())).grants)


def test_a_pair_of_values_is_read_once_and_shown_by_one_model() -> None:
    rows: Rows = [(str(n), str(n), '["free", "byok"]', None) for n in range(3)]
    rows.append(("other", "other", '["byok"]', None))
    reader = Reader(rules())
    first = explode(frame(rows), reader)
    assert [as_uuid_text(value) for value in first.examples["model_id"]] == [
        str(id_of("0")), str(id_of("0")), str(id_of("other")),
    ]  # fmt: skip
    assert explode(frame(rows), reader).examples.empty


def test_an_identifier_may_hold_anything() -> None:
    names = ["a\nb", "a\r\nb", '","', '"', "\\.", "\n\\.\n", "\\N", "", " ", "\u202e\U0001f600"]
    rows: Rows = [(str(n), name, '["nobody"]', None) for n, name in enumerate(names)]
    exploded = explode(frame(rows), Reader(rules()))
    assert list(exploded.quarantine["model_identifier"]) == names
    assert exploded.counts.quarantined == len(names)


def test_models_with_the_same_values_each_get_their_grants_in_order() -> None:
    rows: Rows = [
        ("c", "C", '["free", "byok"]', '{"byok": 1.5}'),
        ("a", "A", None, None),
        ("b", "B", '["free"]', None),
        ("d", "D", '["free", "byok"]', '{"byok": 1.5}'),
    ]
    exploded = explode(frame(rows), Reader(rules()))
    assert grants_of(exploded, rows) == [
        ("c", 1, "1.00"), ("c", 2, "1.50"), ("b", 1, "1.00"), ("d", 1, "1.00"), ("d", 2, "1.50"),
    ]  # fmt: skip
    assert exploded.grants["tier_id"].dtype == exploded.grants["markup_hundredths"].dtype == "int64"
    assert exploded.counts == Counts(
        source_models=4, source_elements=5, migrated=5, grants=5, defaulted_markups=3
    )


def test_a_quarantined_element_has_all_of_its_columns() -> None:
    rows: Rows = [("1", "M", '["free", 7, "x", "byok"]', '{"byok": "bad", "free": 0}')]
    assert quarantine_of(explode(frame(rows), Reader(rules()))) == [
        ("M", 2, None, "element_not_a_string", "7", []),
        ("M", 3, "x", "unknown_tier", '"x"', []),
        ("M", 4, "byok", "markup_not_a_number", '"bad"', ["byok"]),
    ]


def test_no_markup_is_written_with_an_error_of_rounding() -> None:
    rows: Rows = [(str(n), str(n), '["free"]', f'{{"free": {n / 100:.2f}}}') for n in range(10_000)]
    assert [markup for _, _, markup in grants_of(explode(frame(rows), Reader(rules())), rows)] == [
        f"{n // 100}.{n % 100:02}" for n in range(10_000)
    ]


def check(cases: list[Case], known: Rules, world: World) -> None:
    """Assert that a frame of these cases comes to what the oracle says."""
    rows: Rows = [(str(n), case.name, case.access, case.markup) for n, case in enumerate(cases)]
    exploded = explode(frame(rows), Reader(known))
    answers = [consult(case.access, case.markup, world) for case in cases]
    assert sorted(grants_of(exploded, rows)) == sorted(
        (str(n), known.tier_ids[tier], f"{Decimal(hundredths) / 100:.2f}")
        for n, answer in enumerate(answers)
        for tier, hundredths in answer.grants.items()
    )
    assert [(*row[:4], _exact(row[4]), row[5]) for row in quarantine_of(exploded)] == [
        (case.name, q.position, q.code, q.reason, _exact(q.value), q.tier_codes)
        for case, answer in zip(cases, answers, strict=True)
        for q in answer.quarantined
    ]
    assert exploded.counts == _count(answers)
    assert exploded.counts.conserved


def _exact(text: str | None) -> object:
    """Return what a JSON text says, so that spelling does not count."""
    if text is None or text.count("[") + text.count("{") > 500:
        return text
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def _count(answers: list[Answer]) -> Counts:
    elements = [element for answer in answers for element in answer.elements]
    fates = [element.fate for element in elements]
    return Counts(
        source_models=len(answers),
        source_elements=len(elements),
        migrated=fates.count("migrated"),
        merged=fates.count("merged"),
        duplicates=fates.count("duplicates"),
        quarantined=fates.count("quarantined"),
        grants=sum(len(answer.grants) for answer in answers),
        defaulted_markups=sum(element.defaulted for element in elements),
    )


def test_the_corpus_is_read_as_the_oracle_reads_it() -> None:
    for conflict, inexact, double in (
        ("quarantine", "quarantine", "quarantine"),
        ("lowest", "round", "parse"),
        ("highest", "round", "fail"),
    ):
        known = rules(TIERS, TIER_MAP, conflict, inexact, double)
        check(list(CORPUS), known, World(TIERS, TIER_MAP, conflict, inexact, double))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.builds(Case, plain_text(), access_texts, markup_texts), max_size=8),
    tier_maps,
    st.sampled_from(["fail", "quarantine", "lowest", "highest"]),
    st.sampled_from(["fail", "quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
)
def test_any_models_are_read_as_the_oracle_reads_them(
    cases: list[Case],
    tier_map: dict[str, tuple[str, ...]],
    conflict: str,
    inexact: str,
    double: str,
) -> None:
    known = rules(MAPPED_TIERS, tier_map, conflict, inexact, double)
    check(cases, known, World(MAPPED_TIERS, tier_map, conflict, inexact, double))
