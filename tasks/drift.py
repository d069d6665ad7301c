"""The drift watch: a checksum of both sides, and what the sync could not bring across."""

from __future__ import annotations

from collections import Counter

from tasks.definition import database_task
from tasks.survey import require_migrated
from tasks.verify import NO_RULES, NOT_THERE, PARITY, Check, Verification
from tierflow.connection import connect, fetch, has_relation
from tierflow.settings import Target

BUCKETS = 256
SHOWN = 20


@database_task("check drift")
def check_drift(target: Target) -> Verification:
    """Compare both sides by the checksums of their buckets; name the models of those that differ.

    Writes nothing. One check in place of the eight: for every hour, where they are for every day.
    """
    with connect(target, "check drift", read_only=True) as connection:
        require_migrated(connection, target)
        for schema, name, gap in (
            (target.schema, "tier_model_access", NOT_THERE),
            (target.ledger, "implied_grant", NO_RULES),
        ):
            if not has_relation(connection, schema, name):
                return _conclude(False, gap, dict.fromkeys(PARITY))
        buckets = [row["bucket"] for row in fetch(connection, "checks/checksum", **target.names())]
        drift = (
            fetch(connection, "queries/list_drift", **target.names(), buckets=buckets)
            if buckets
            else []
        )
    kinds = Counter(
        "missing"
        if row["junction_markup"] is None
        else "extra"
        if row["jsonb_markup"] is None
        else "wrong_markup"
        for row in drift
    )
    figure = f"{BUCKETS - len(buckets)} of {BUCKETS} buckets of models agree"
    if drift:
        named = [f"{row['model']} / {row['tier']}" for row in drift[:SHOWN]]
        figure += f"; {len(drift)} grants differ: {', '.join(named)}"
    parity: dict[str, int | None] = {kind: kinds[kind] for kind in PARITY}
    return _conclude(not buckets, figure, parity)


def _conclude(ok: bool, figure: str, parity: dict[str, int | None]) -> Verification:
    check = Check("checksum", ok, figure, f"{BUCKETS} of {BUCKETS} buckets agree")
    return Verification((check,), parity, None)
