"""The proof that a migration is right: JSONB read as text, and judged by the oracle alone."""

from __future__ import annotations

import dataclasses
import functools

from support.database import Database
from support.oracle import Answer, World, consult

OURS_ON_THE_MODELS = ("tierflow_capture", "tierflow_dry_run_capture", "zzzz_tierflow_keep")


@dataclasses.dataclass(frozen=True)
class Parity:
    """Grants that are missing, extra or wrong, and quarantined elements that differ."""

    missing: int
    extra: int
    wrong: int
    quarantine: int = 0

    @property
    def proven(self) -> bool:
        return self == Parity(0, 0, 0, 0)


def compare(
    world: World,
    pairs: dict[str, tuple[str | None, str | None]],
    grants: dict[tuple[str, str], str],
) -> Parity:
    """Compare grants, {(model, tier): markup}, with what the pairs of JSON texts come to."""
    ask = functools.cache(functools.partial(consult, world=world))
    wanted = {
        (model, tier): f"{hundredths // 100}.{hundredths % 100:02}"
        for model, pair in pairs.items()
        for tier, hundredths in ask(*pair).grants.items()
    }
    return Parity(
        missing=len(wanted.keys() - grants.keys()),
        extra=len(grants.keys() - wanted.keys()),
        wrong=sum(wanted[key] != grants[key] for key in wanted.keys() & grants.keys()),
    )


def prove(database: Database, world: World) -> Parity:
    """Compare the published table and the quarantine with the JSONB."""
    rows = database.rows(
        "SELECT model_id, tier_access::text AS access, tier_markup::text AS markups"
        " FROM public.model_access_control"
    )
    pairs = {row["model_id"]: (row["access"], row["markups"]) for row in rows}
    grants = {(model, tier): markup for model, tier, markup in database.grants()}
    parity = compare(world, pairs, grants)
    answers: dict[str, Answer] = {m: consult(*pair, world=world) for m, pair in pairs.items()}
    wanted = {
        (model, element.position, element.reason)
        for model, answer in answers.items()
        for element in answer.quarantined
    }
    stored = database.rows("SELECT model_identifier, position, reason FROM tierflow.quarantine")
    found = {(row["model_identifier"], row["position"], row["reason"]) for row in stored}
    return dataclasses.replace(parity, quarantine=len(wanted ^ found))


def list_leftovers(database: Database) -> list[str]:
    """Return what no run may leave behind: triggers of a build, build schemas, locks, sessions."""
    return [
        row["what"]
        for row in database.rows(
            """SELECT 'trigger ' || tgname AS what FROM pg_trigger
               WHERE tgname ~ %s UNION ALL
               SELECT 'schema ' || nspname FROM pg_namespace
               WHERE nspname IN ('tierflow_build', 'tierflow_dry_run') UNION ALL
               SELECT 'function ' || proname FROM pg_proc WHERE proname = 'keep_other_columns'
               UNION ALL
               SELECT 'change ' || change_id FROM tierflow.change_log UNION ALL
               SELECT 'note of no model' FROM tierflow.reconciled_grant
               WHERE model_id = '00000000-0000-0000-0000-000000000000' UNION ALL
               SELECT 'session ' || application_name FROM pg_stat_activity
               WHERE application_name LIKE 'tierflow:%%' AND datname = current_database()
               UNION ALL
               SELECT 'lock ' || locktype FROM pg_locks WHERE locktype = 'advisory'
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""",
            "|".join(OURS_ON_THE_MODELS),
        )
    ]
