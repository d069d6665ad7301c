"""What the plan has to tell beside what must be decided: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tierflow.decisions import Decisions
from tierflow.source_values import SourceValues

NAMED = 10


def list_notes(values: SourceValues, decisions: Decisions) -> Iterator[str]:
    """Say what of the data is read as it is, and what it comes to."""
    if decisions.double_encoded == "parse":
        for column, models in sorted(values.double_encoded.items()):
            kind = "an array" if column == "tier_access" else "an object"
            yield (
                f"{column} of {models} models is a JSON string that holds {kind}, encoded twice: it"
                " is read as that, and written back as such a string"
            )
    if values.counts.defaulted_markups:
        yield f"{values.counts.defaulted_markups} grants have no markup and are billed at 1.00"
    if values.markups_as_strings:
        yield f"{values.markups_as_strings} markups are strings that hold a plain number"
    if values.unused_markups:
        yield f"{values.unused_markups} markups belong to codes that their model does not have"
    if values.expected_share < decisions.min_coverage:
        yield (
            f"only {values.expected_share:.1%} of the enabled models will have a grant: the audit"
            f" will stop the run unless --min-coverage is below that"
        )


def note_partitions(columns: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what no trigger sees of partitioned models. `columns` are rows of list_columns.sql."""
    if any(c["relation"] == "model_access_control" and c["kind"] == "p" for c in columns):
        yield (
            "model_access_control is partitioned, and no trigger sees that one partition is"
            " truncated, detached or dropped: not during the run; afterwards TRUNCATE ... CASCADE"
            " of one empties tier_model_access, and the access of all models with it: use DELETE"
        )
        yield (
            "an UPDATE that changes the id of a model so that it belongs to another partition fails"
            " afterwards (unique_tier_model; on PostgreSQL 14 its grants are made anew): insert it"
            " under the new id, and delete the old one"
        )


def note_earlier(keys: Sequence[str]) -> Iterator[str]:
    """Say what comes of keys that an earlier build of tierflow made; nothing where none are."""
    if keys:
        yield (
            f"{', '.join(keys)} were made by an earlier build, without ON UPDATE CASCADE: an UPDATE"
            " of the id of a model or tier fails until they are made anew, which keeps writers"
            " waiting while all grants are checked"
        )


def note_deferred(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say of which rules the sync learns too late. `rules` are rows of list_deferred_rules.sql."""
    if rules:
        named = ", ".join(f"{rule['name']} of {rule['relation']}" for rule in rules[:NAMED])
        yield (
            f"{named}: deferred to the commit, so a write of one side that this refuses on the"
            " other fails there; what is checked at once is quarantined instead"
        )


def note_captured(uncaptured: str | None) -> Iterator[str]:
    """Say what a run does about captured values that are missing; nothing where none are."""
    if uncaptured:
        yield (
            f"{uncaptured}: a run captures what these models hold then, and no snapshot of before"
            " can be restored"
        )


def note_prepared(holders: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Name the prepared transactions that a run would meet. Rows of list_lock_holders.sql."""
    for holder in holders:
        if holder["is_prepared"]:
            yield f"{holder['said']}: a run would wait for it in vain; {holder['remedy']}"


def note_event_triggers(triggers: Sequence[Mapping[str, Any]], build: str) -> Iterator[str]:
    """Say where the junction table is created. `triggers` are rows of list_event_triggers.sql."""
    if triggers:
        yield (
            f"event trigger {', '.join(str(row['name']) for row in triggers)} runs when a table is"
            f" created: tier_model_access is created in schema {build} and moved when it is"
            " published, so look whether what the trigger does to tables (row security, rights)"
            " is right there; verify names who is then refused or shown no row"
        )


def note_columns(users: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what adding the backup columns can break. `users` are rows of list_star_users.sql."""
    yield (
        "two columns are added to model_access_control: what names its columns by * can break, such"
        ' as a prepared SELECT * or RETURNING * of a running application ("cached plan must not'
        ' change result type") and a COPY without a list of columns ("missing data")'
    )
    for user in users[:NAMED]:
        yield f"{user['name']} {user['how']}"
    if len(users) > NAMED:
        yield f"and {len(users) - NAMED} more that name the columns of the models by *"


def list_costs(plan: Mapping[str, Any]) -> Iterator[str]:
    """Say how the table is built and what each way to keep the old values costs.

    `plan` is what `plan --json` prints.
    """
    if plan["state"] != "migrated":
        yield (
            "the table is loaded bare and in key order, its indexes and keys are built afterwards,"
            " several at a time: an index that is there during a load costs a search a row"
        )
    table, jsonb = plan["source_bytes"] / 1e6, plan["jsonb_bytes"] / 1e6
    if plan["adds_columns"]:
        yield (
            "the backup columns rewrite every model once, in short batches: up to"
            f" {table:,.1f} MB more of the models' table until it is vacuumed"
        )
    yield (
        f"the captured values take up to {jsonb:,.1f} MB in the ledger: they are what every way"
        " back reads"
    )
    yield (
        f"--pg-dump FILE writes both tables to a file first: a full read, {jsonb:,.1f} MB of JSONB"
        " among it, and nothing in the database"
    )
