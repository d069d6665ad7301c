"""Beyond one machine: the same chunk tasks on a Dask cluster of two workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest
from distributed import LocalCluster
from prefect.testing.utilities import prefect_test_harness
from support.database import Database

from flows.orchestrated import choose_task_runner, migrate, rollback

MODELS = 60

# a cluster takes 9 s to come up
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:  # pyright: ignore
        yield cast(Any, cluster)


@pytest.fixture
def many(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Sixty models in chunks of ten, some of them to be quarantined."""
    monkeypatch.setenv("TIERFLOW_CHUNK_MODELS", "10")
    database.add_tiers("free", "pro")
    database.add_models(
        [
            (f"model-{n}", ["free", "pro", "gone"][: 1 + n % 3], {"pro": 1 + n % 7 / 4})
            for n in range(MODELS)
        ]
    )
    return database


def test_a_dask_cluster_of_two_workers_loads_the_same_grants(
    many: Database, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = migrate(unknown_tiers="quarantine")
    grants, quarantine = many.grants(), many.rows(QUARANTINE)
    rollback(confirm=many.value("SELECT current_database()"))

    monkeypatch.setenv("TIERFLOW_TASK_RUNNER", "dask")
    monkeypatch.setenv("TIERFLOW_DASK_ADDRESS", cluster.scheduler_address)
    on_dask = migrate.with_options(task_runner=choose_task_runner())
    there = on_dask(unknown_tiers="quarantine")
    assert there["outcome"] == here["outcome"] == "published"
    assert many.grants() == grants
    assert many.rows(QUARANTINE) == quarantine
    assert there["quarantined"] == len(quarantine) == MODELS // 3
    loaded = many.value("SELECT count(*) FROM tierflow.chunk WHERE loaded IS NOT NULL")
    assert loaded == MODELS // 10


QUARANTINE = """SELECT model_id, model_identifier, position, code, reason
                FROM tierflow.quarantine ORDER BY 1, 3"""


def test_dask_without_a_prefect_server_is_refused(many: Database) -> None:
    many.rows("DELETE FROM public.model_access_control WHERE tier_access ? 'gone'")
    environment = {**os.environ, "TIERFLOW_TASK_RUNNER": "dask"}
    environment.pop("PREFECT_API_URL", None)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "flows.cli",
            "migrate",
            "--dry-run",
            "--unknown-tiers",
            "quarantine",
        ],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert "PREFECT_API_URL" in done.stderr
