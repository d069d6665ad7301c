"""The opening page of an evidence pack, composed from its parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from tierflow.evidence import hash_bytes
from tierflow.evidence_page import EvidencePage, File, Input, Version, render_evidence
from tierflow.measures import describe_locks

# in the order in which one reads them
FILES = {
    "reports/report.html": "the run's report: decisions, counts, tiers, steps, checks",
    "data_docs/index.html": "the data docs of this run: every expectation in plain words",
    "plan.json": "what the preflight found and what the run was going to do",
    "decisions.json": "what was decided for the run, as the ledger recorded it",
    "checks.csv": "the checks: figure, expectation and verdict of each",
    "checks.json": "the checks and every expectation judged, with its failing rows",
    "parity.json": "missing, extra and wrong grants against the JSONB",
    "quarantine.csv": "source elements that were not migrated, as the table is at packing",
    "steps.csv": "each step: when, how long, how many rows",
    "locks.json": "the longest lock on a live table, and the longest wait imposed",
    "inputs.json": "hashes of what the run read",
    "definitions.json": "hashes of what defines each check, at the run and at packing",
    "versions.json": "versions at the run and at packing",
    "ledger.json": "the ledger's rows of this run, as they are",
}
NAMES = {
    "tierflow": "tierflow",
    "postgresql": "PostgreSQL",
    "python": "Python",
    "great_expectations": "Great Expectations",
    "psycopg": "psycopg",
    "pandas": "pandas",
}


def compose_page(
    run: Mapping[str, Any],
    result: Mapping[str, Any],
    evidence: Mapping[str, Any],
    inputs: Mapping[str, Any],
    versions: Mapping[str, Any],
    definitions: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, bytes],
    missing: Sequence[tuple[str, str]],
    packed: str,
) -> bytes:
    """Return the HTML of index.html; `files` are all others of the pack."""
    at_run = versions["at_run"] or {"tierflow": run["tierflow_version"]}
    listed = [name for name in FILES if name in files]
    return render_evidence(
        EvidencePage(
            run=run,
            result=result,
            database=str(result.get("database") or "(not recorded)"),
            started=_say_time(str(run["started"])),
            packed=packed,
            server_version=str(at_run.get("postgresql") or "(not recorded)"),
            checks=evidence.get("checks") or [],
            parity=evidence.get("parity"),
            locks=describe_locks(result["locks"]) if result.get("locks") else "",
            files=[
                File(name, FILES[name], len(files[name]), hash_bytes(files[name]))
                for name in listed
            ],
            more_files=len(files) - len(listed),
            inputs=_list_inputs(inputs),
            source_command=str(inputs["source_content"]["what"]),
            definitions=_say_definitions(definitions),
            versions=[
                Version(NAMES[name], at_run.get(name), version)
                for name, version in versions["at_packing"].items()
            ],
            missing=missing,
        )
    )


def _list_inputs(inputs: Mapping[str, Any]) -> list[Input]:
    values, content = inputs["source_values"], inputs["source_content"]
    then, now = values["sha256_at_run"], values["sha256_at_packing"]
    rows: list[Input] = []
    if then:
        same = "the same at packing" if then == now else "different at packing: see inputs.json"
        what = "the pairs of tier_access and tier_markup, and how many models hold each"
        note = f"{what}; {same if now else 'not there at packing'}"
        rows.append(Input("Values of the source", "the run, its preflight", then, note))
    if content["sha256_at_packing"]:
        note = "ids and tier columns of all models"
        rows.append(Input("Content of the source", "packing", content["sha256_at_packing"], note))
    if inputs["config_file"]:
        file = inputs["config_file"]
        rows.append(Input("Configuration file", "the run", file["sha256"], file["name"]))
    decided = inputs["decisions"]["sha256_at_run"]
    rows.append(Input("Decisions", "the run", decided, "decisions.json"))
    return rows


def _say_definitions(definitions: Mapping[str, Mapping[str, Any]]) -> str:
    recorded = [h for h in definitions.values() if h["sha256_at_run"] is not None]
    same = sum(h["sha256_at_run"] == h["sha256_at_packing"] for h in recorded)
    if not recorded:
        return f"The run did not record them; {len(definitions)} are installed at packing."
    if same == len(recorded):
        said = (
            f"All {same} files that the run recorded as defining the checks are, to the byte, those"
            " that are installed at packing; they are in definitions/."
        )
    else:
        said = (
            f"{same} of {len(recorded)} files that the run recorded as defining the checks are"
            " still the same; of the others the hashes are in definitions.json, and their text is"
            " in the version that ran."
        )
    if more := len(definitions) - len(recorded):
        said += f" {more} more define them at packing, of which the run recorded no hash."
    return said


def _say_time(text: str) -> str:
    return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
