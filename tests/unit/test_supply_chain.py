"""What tierflow is made of is locked by hashes, listed, and under licences that were looked at."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from bench.licences import PAGE, list_runtime, read_lock, render  # noqa: E402

PACKAGES = read_lock()
# copyleft: used as they come, linked by nobody into a binary
LOOKED_AT = {"psycopg", "psycopg-binary", "text-unidecode"}


@pytest.mark.parametrize("name", sorted(set(PACKAGES) - {"tierflow"}))
def test_each_package_comes_from_pypi_and_each_of_its_files_has_a_hash(name: str) -> None:
    package: dict[str, Any] = PACKAGES[name]
    assert package["source"] == {"registry": "https://pypi.org/simple"}
    files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    assert files
    assert [f for f in files if not re.fullmatch(r"sha256:[0-9a-f]{64}", f["hash"])] == []


def test_the_environment_is_set_up_from_the_lock_file_as_it_is() -> None:
    syncs = [line for line in (ROOT / "run").read_text().splitlines() if '"$uv" sync' in line]
    assert len(syncs) == 1
    assert "--frozen" in syncs[0]


def test_the_page_of_licences_is_that_of_the_lock_file() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_no_licence_is_unknown_and_copyleft_was_looked_at() -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| \S+ \| (.*) \|$", render(), re.MULTILINE)
    assert len(rows) > 100
    assert [name for name, licence in rows if licence == "unknown"] == []
    assert {name for name, licence in rows if re.search("GPL|GNU", licence)} <= LOOKED_AT


def test_the_bill_of_materials_has_each_package_with_its_hashes() -> None:
    done = subprocess.run([ROOT / "run", "sbom"], capture_output=True, check=True, text=True)
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    components = {component["name"]: component for component in bill["components"]}
    assert set(list_runtime(PACKAGES)) <= set(components)
    for component in components.values():
        files = component["externalReferences"]
        assert files
        assert all(file["hashes"][0]["alg"] == "SHA-256" for file in files)
