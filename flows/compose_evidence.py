"""What the ledger keeps of a run for whoever audits it, composed from its facts."""

from __future__ import annotations

import dataclasses
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from flows.definitions import read_definitions
from tierflow import __version__
from tierflow.evidence import hash_bytes

if TYPE_CHECKING:
    from flows.facts import Facts

PACKAGES = {"great_expectations": "great-expectations", "psycopg": "psycopg", "pandas": "pandas"}


def compose_evidence(facts: Facts) -> dict[str, Any]:
    """Return the plan, the checks with their figures and definitions, the versions and inputs."""
    audit, verification = facts.audit, facts.verification
    judged = verification or audit
    return {
        "plan": facts.plan.as_dict() if facts.plan else None,
        "checks": [dataclasses.asdict(c) for c in verification.checks] if verification else [],
        "judgements": [dataclasses.asdict(j) for j in audit.verdict.results] if audit else [],
        "parity": judged.parity if judged else None,
        "definitions": {name: hash_bytes(text) for name, text in read_definitions().items()},
        "versions": read_versions(facts.server_version),
        "source_values_sha256": facts.source_values_sha256,
        "config": facts.config,
    }


def read_versions(server_version: str) -> dict[str, str]:
    """Return the versions of what works on a run."""
    return {
        "tierflow": __version__,
        "postgresql": server_version,
        "python": platform.python_version(),
        **{name: version(package) for name, package in PACKAGES.items()},
    }
