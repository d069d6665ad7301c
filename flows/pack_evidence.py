"""The evidence pack of a run: one zip, of what the ledger, the database and the reports hold."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expectations.run_docs import collect_run_docs
from flows.compose_evidence import read_versions
from flows.compose_evidence_page import compose_page
from flows.definitions import read_definitions
from tasks.survey import list_model_columns
from tierflow.connection import Connection, connect, fetch, has_relation
from tierflow.evidence import (
    as_csv,
    as_json,
    hash_bytes,
    hash_source,
    moment_of_packing,
    write_manifest,
    write_pack,
)
from tierflow.ledger_record import read_run
from tierflow.multiset_hash import hash_values
from tierflow.settings import Target
from tierflow.source_values import stream_source_values

STEP_COLUMNS = ("ordinal", "name", "started", "seconds", "rows", "outcome")
CHECK_COLUMNS = ("name", "ok", "figure", "expected")
QUARANTINE_COLUMNS = (
    "model_id", "model_identifier", "position", "code", "reason", "value", "tier_codes",
)  # fmt: skip
NOT_RECORDED = "the run did not record it (an older version, a standalone script, or it was killed)"


@dataclasses.dataclass
class Pack:
    """The files of a pack as they are gathered, and what is missing, each with the reason."""

    files: dict[str, bytes] = dataclasses.field(default_factory=dict[str, bytes])
    missing: list[tuple[str, str]] = dataclasses.field(default_factory=list[tuple[str, str]])

    def add_recorded(self, name: str, value: object, what: str, reason: str = "") -> None:
        """Add what the run recorded as JSON, or note that it is missing."""
        if value is None or value == []:
            self.missing.append((what, reason or NOT_RECORDED))
        else:
            self.files[name] = as_json(value)


def pack_evidence(target: Target, name: str, output: Path | None) -> dict[str, Any]:
    """Write all that there is to know of a run into one zip; return what `--json` prints.

    `name`: an id, the unique beginning of one, or `latest`. Changes nothing in the database.
    """
    pack, moment = Pack(), moment_of_packing()
    packed = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    with connect(target, "report", read_only=True) as connection:
        record = read_run(connection, target, name)
        run: dict[str, Any] = record["run"]
        result = dict(run["result"] or {})
        evidence: dict[str, Any] = result.pop("evidence", None) or {}
        # the schema that the run was for: the command may be given another
        target = dataclasses.replace(target, schema=str(run["database_schema"]))
        _add_record(pack, record, result, evidence)
        _add_quarantine(pack, connection, target)
        inputs = _add_inputs(pack, connection, target, run, evidence, packed)
        server_version = connection.info.parameter_status("server_version") or ""
    _add_files(pack, target, run)
    definitions = _add_definitions(pack, evidence)
    versions = {"at_run": evidence.get("versions"), "at_packing": read_versions(server_version)}
    pack.files["versions.json"] = as_json(versions)
    pack.files["index.html"] = compose_page(
        run, result, evidence, inputs, versions, definitions, pack.files, pack.missing, packed
    )
    run_id = str(run["run_id"])
    path = _choose_path(output, run_id)
    content = write_pack(pack.files, path, moment)
    return {
        "outcome": "written",
        "run_id": run_id,
        "run_outcome": run["outcome"],
        "file": str(path),
        "bytes": len(content),
        "sha256": hash_bytes(content),
        "manifest_sha256": hash_bytes(write_manifest(pack.files)),
        "files": len(pack.files) + 1,
        "missing": [{"what": what, "reason": reason} for what, reason in pack.missing],
    }


def _choose_path(output: Path | None, run_id: str) -> Path:
    name = f"tierflow-evidence-{run_id}.zip"
    if output is None:
        return Path(name)
    return output / name if output.is_dir() else output


def _add_record(
    pack: Pack,
    record: Mapping[str, Any],
    result: Mapping[str, Any],
    evidence: Mapping[str, Any],
) -> None:
    """Add what the ledger's rows hold: as they are, and the parts that one looks for."""
    pack.files["ledger.json"] = as_json(
        {"run": record["run"], "steps": record["steps"], "chunks": record["chunks"]}
    )
    pack.files["decisions.json"] = as_json(record["run"]["decisions"])
    pack.files["steps.csv"] = as_csv(STEP_COLUMNS, record["steps"])
    run = record["run"]
    no_plan = _say_why(run, evidence, "makes none")
    pack.add_recorded("plan.json", evidence.get("plan"), "plan", no_plan)
    checks: list[dict[str, Any]] = evidence.get("checks") or []
    judgements: list[dict[str, Any]] = evidence.get("judgements") or []
    both = {"checks": checks, "judgements": judgements} if checks or judgements else None
    not_judged = _say_why(run, evidence, "judged nothing")
    pack.add_recorded("checks.json", both, "checks with figures", not_judged)
    if checks:
        pack.files["checks.csv"] = as_csv(CHECK_COLUMNS, checks)
    parity = evidence.get("parity")
    pack.add_recorded("parity.json", parity, "parity", not_judged)
    pack.add_recorded(
        "locks.json", result.get("locks"), "locks", "the run took no lock on a live table"
    )


def _say_why(run: Mapping[str, Any], evidence: Mapping[str, Any], what: str) -> str:
    """Say why a run that records its evidence lacks some of it."""
    return f"a run of {run['mode']} that {what}" if evidence else ""


def _add_quarantine(pack: Pack, connection: Connection, target: Target) -> None:
    if not has_relation(connection, target.ledger, "quarantine"):
        pack.missing.append(("quarantine", "the ledger has no quarantine table"))
        return
    rows = fetch(connection, "queries/list_quarantine", ledger=target.ledger)
    pack.files["quarantine.csv"] = as_csv(QUARANTINE_COLUMNS, rows)


def _add_inputs(
    pack: Pack,
    connection: Connection,
    target: Target,
    run: Mapping[str, Any],
    evidence: Mapping[str, Any],
    packed: str,
) -> dict[str, Any]:
    """Add the hashes of what the run read, each with the moment that it is of."""
    content = values = None
    if {"tier_access", "tier_markup"} <= list_model_columns(connection, target):
        content = hash_source(connection, target.schema)
        values = hash_values(stream_source_values(connection, target.schema))
    else:
        pack.missing.append(("source at packing", "its tier columns are not there any more"))
    if evidence.get("source_values_sha256") is None:
        reason = _say_why(run, evidence, "does not read the values")
        pack.missing.append(("source as of the run", reason or NOT_RECORDED))
    inputs = {
        "source_values": {
            "what": "which pairs of tier_access and tier_markup there are, and how many models"
            " hold each, without the models' ids: sha256 of the sum modulo 2^2048 of shake256 (256"
            " bytes) of each line 'models<tab>tier_access<tab>tier_markup'",
            "sha256_at_run": evidence.get("source_values_sha256"),
            "sha256_at_packing": values,
        },
        "source_content": {
            "what": f'COPY (SELECT id, tier_access, tier_markup FROM "{target.schema}"'
            ".model_access_control ORDER BY id) TO STDOUT",
            "sha256_at_packing": content,
        },
        "config_file": evidence.get("config"),
        "decisions": {"sha256_at_run": hash_bytes(as_json(run["decisions"]))},
        "run_started": run["started"],
        "packed": packed,
    }
    pack.files["inputs.json"] = as_json(inputs)
    return inputs


def _add_files(pack: Pack, target: Target, run: Mapping[str, Any]) -> None:
    """Add the report and the data docs of the run, where this machine has them."""
    run_id = str(run["run_id"])
    report = target.home / "reports" / f"{run_id}.html"
    docs = collect_run_docs(target.home / "data_docs", run_id)
    if report.is_file():
        text = report.read_text(encoding="utf-8")
        if not docs:  # a link that leads nowhere
            text = re.sub(r'<a href="[^"]*data_docs/index\.html">(.*?)</a>', r"\1", text)
        pack.files["reports/report.html"] = text.encode()
    else:
        pack.missing.append(("report", f"{report.name} is not in {report.parent}"))
    pack.files |= {f"data_docs/{name}": content for name, content in docs.items()}
    if not docs:
        reason = "the run judged nothing, or its results are kept no longer or elsewhere"
        pack.missing.append(("data docs", f"{reason} (TIERFLOW_KEEP_VALIDATIONS)"))


def _add_definitions(pack: Pack, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Add what defines the checks: its hashes at the run and now, and its text where it is that."""
    recorded: dict[str, str] = evidence.get("definitions") or {}
    installed = read_definitions()
    if not recorded:
        pack.missing.append(("definitions of the checks at the run", NOT_RECORDED))
    definitions = {
        name: {
            "sha256_at_run": recorded.get(name),
            "sha256_at_packing": hash_bytes(installed[name]) if name in installed else None,
        }
        for name in sorted({*recorded, *installed})
    }
    pack.files["definitions.json"] = as_json(definitions)
    for name, hashes in definitions.items():
        # another text than the run's would be no evidence
        if name in installed and hashes["sha256_at_run"] == hashes["sha256_at_packing"]:
            pack.files[f"definitions/{name}"] = installed[name]
    changed = [n for n, digest in recorded.items() if definitions[n]["sha256_at_packing"] != digest]
    if changed:
        pack.missing.append((", ".join(changed), "the version that is installed has another text"))
    if recorded and (unrecorded := [name for name in definitions if name not in recorded]):
        pack.missing.append((", ".join(unrecorded), NOT_RECORDED))
    return definitions
