"""The deployments fit their flows, and `prefect.yaml` says the same as `tierflow serve`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.exceptions import ParameterTypeError

from flows.choices import AS_BEFORE
from flows.deployments import DEPLOYMENTS, Deployment, load_flow, make_deployments

FILE = Path(__file__).parents[2] / "prefect.yaml"


@pytest.fixture(scope="module")
def described() -> dict[str, dict[str, Any]]:
    content = yaml.safe_load(FILE.read_text())
    return {deployment["name"]: deployment for deployment in content["deployments"]}


def test_prefect_yaml_describes_the_deployments_of_serve(
    described: dict[str, dict[str, Any]],
) -> None:
    assert list(described) == [deployment.name for deployment in DEPLOYMENTS]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.name)
def test_a_deployment_is_the_same_in_both_places(
    deployment: Deployment, described: dict[str, dict[str, Any]]
) -> None:
    entry = described[deployment.name]
    assert entry["entrypoint"] == deployment.entrypoint
    assert entry["description"] == deployment.description
    assert tuple(entry["tags"]) == deployment.tags
    assert entry["parameters"] == deployment.parameters
    schedules = [schedule["cron"] for schedule in entry.get("schedules", ())]
    assert schedules == ([deployment.cron] if deployment.cron else [])
    assert entry["concurrency_limit"]["limit"] == 1


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.name)
def test_the_parameters_of_a_deployment_are_those_of_its_flow(deployment: Deployment) -> None:
    flow = load_flow(deployment.entrypoint)
    assert set(flow.validate_parameters(deployment.parameters)) >= set(deployment.parameters)
    assert set(deployment.hidden) <= set(flow.parameters.properties)
    assert all(field.get("description") for field in flow.parameters.properties.values())


def test_forms_show_readable_fields_and_nothing_that_the_deployment_decides() -> None:
    for made in make_deployments():
        fields = made._parameter_openapi_schema.properties  # pyright: ignore[reportPrivateUsage]
        assert min(fields, key=lambda name: fields[name]["position"]) == "database"
        assert "dry_run" not in fields
        for field in fields.values():
            assert field["description"]
            assert "anyOf" not in field
            assert "_" not in field["title"]


def test_a_choice_begins_with_what_leaves_it_as_it_was_decided_before() -> None:
    for made in make_deployments():
        fields = made._parameter_openapi_schema.properties  # pyright: ignore[reportPrivateUsage]
        defaults = inspect.signature(load_flow(made.entrypoint or "").fn).parameters
        for name, field in fields.items():
            if "enum" in field or field["type"] == "boolean":
                begins = field["enum"][0] if "enum" in field else field["default"]
                assert begins == {None: AS_BEFORE}.get(
                    defaults[name].default, defaults[name].default
                )


def test_a_choice_means_what_its_word_says() -> None:
    read = load_flow("flows.orchestrated.migrate").validate_parameters
    given = {"backup_columns": "yes", "malformed": AS_BEFORE, "inexact_markup": "round"}
    assert read(given).items() >= {"backup_columns": True, "malformed": None}.items()
    assert read({"backup_columns": "no"})["backup_columns"] is False
    assert read({"backup_columns": AS_BEFORE})["backup_columns"] is None
    with pytest.raises(ParameterTypeError, match="fail"):
        read({"malformed": "guess"})


def test_no_flow_takes_a_connection_string() -> None:
    for deployment in DEPLOYMENTS:
        names = set(load_flow(deployment.entrypoint).parameters.properties)
        assert not names & {"dsn", "password", "url", "conninfo"}
