"""The deployments: what can be run from the Prefect UI, and on which schedule.

`prefect.yaml` says the same for a server and work pools of your own; a test compares the two.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import TYPE_CHECKING, Any

from flows.choices import AS_BEFORE
from flows.saved_connection import DEFAULT_NAME

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment


@dataclasses.dataclass(frozen=True)
class Deployment:
    """A flow with the parameters and the schedule that it is offered with.

    `touches` and `leaves`: what a run does to the database, and what it does not. `hidden`:
    parameters that the form does not show, since the deployment decides them or a form has no use
    for them.
    """

    name: str
    entrypoint: str
    touches: str
    leaves: str
    more: str
    tags: tuple[str, ...] = ("tierflow",)
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    cron: str | None = None
    hidden: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """Return its page's text, which begins with what somebody asks before pressing Run."""
        return f"**Touches:** {self.touches}\n\n**Leaves:** {self.leaves}\n\n{self.more}"


DEPLOYMENTS = (
    Deployment(
        "migrate",
        "flows.orchestrated.migrate",
        "adds the junction table, its views, functions and sync triggers, and the ledger (schema"
        " `tierflow`).",
        "the old columns with what they hold, which `rollback` makes the only truth again, and all"
        " other tables.",
        "Move the access data into the junction table: write, audit, publish, verify. A second run"
        " repairs drift. Try the dry run first.",
        tags=("tierflow", "writes"),
        parameters={"database": DEFAULT_NAME, "dry_run": False},
        hidden=("dry_run", "config"),
    ),
    Deployment(
        "dry-run",
        "flows.orchestrated.migrate",
        "nothing that stays: a build in a schema of its own, `tierflow_dry_run`, is dropped again.",
        "the database as it was.",
        "The whole migration up to the audit, then thrown away: the database stays as it is.",
        parameters={"database": DEFAULT_NAME, "dry_run": True},
        hidden=("dry_run", "config"),
    ),
    Deployment(
        "verify",
        "flows.orchestrated.verify",
        "the ledger, with one record of the run.",
        "every table of yours: nothing is repaired.",
        "Drift watch: the eight checks of what is published, daily. Changes nothing.",
        parameters={"database": DEFAULT_NAME},
        cron="0 6 * * *",
    ),
    Deployment(
        "rehearse",
        "flows.orchestrated.rehearse",
        "a disposable copy, which is gone at the end.",
        "the database, which is only read.",
        "The whole life of a migration on a disposable copy, nightly, with a forecast for the real"
        " run. The database is only read.",
        parameters={"database": DEFAULT_NAME},
        cron="0 3 * * *",
        hidden=("config",),
    ),
    Deployment(
        "rollback",
        "flows.orchestrated.rollback",
        "drops the junction table, its views, functions and sync, and the backup columns.",
        "the old columns, with every later change in them (*Restore snapshot*: with what they held"
        " before the migration), and all other tables.",
        "Remove every published object. Later changes are kept in the JSONB, unless the snapshot"
        " is restored. Type the name of the database into `confirm`.",
        tags=("tierflow", "writes"),
        parameters={"database": DEFAULT_NAME},
        hidden=("dry_run",),
    ),
    Deployment(
        "finalize",
        "flows.orchestrated.finalize",
        "drops `tier_access` and `tier_markup` for good, with the backup columns and the sync.",
        "the junction table with its views and functions, and an archive from which `tierflow"
        " restore` puts the old columns back.",
        "Archive the old columns, then drop them for good with the backup columns and the sync, if"
        " every guard holds; `check` only asks the guards. Type the name of the database into"
        " `confirm`.",
        tags=("tierflow", "writes"),
        parameters={"database": DEFAULT_NAME},
        hidden=("yes_drop",),
    ),
)
FIELDS_FIRST = ("database", "confirm", "tier_map")


def make_deployments() -> list[RunnerDeployment]:
    """Return the deployments for a runner. One run of each at a time; the next one waits."""
    return [_make(deployment) for deployment in DEPLOYMENTS]


def load_flow(entrypoint: str) -> Flow[..., Any]:
    """Return the flow that an entrypoint `module.function` names."""
    module, _, name = entrypoint.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _make(deployment: Deployment) -> RunnerDeployment:
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    made = RunnerDeployment.from_flow(
        load_flow(deployment.entrypoint),
        deployment.name,
        description=deployment.description,
        tags=list(deployment.tags),
        parameters=deployment.parameters,
        cron=deployment.cron,
        concurrency_limit=1,
        # a path would be one of this machine, and depend on the folder that serve was started in
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # from_flow names the module of the function
    made.entrypoint = deployment.entrypoint
    _arrange_form(made, deployment)
    return made


def _arrange_form(made: RunnerDeployment, deployment: Deployment) -> None:
    """Give the fields readable names in a sensible order, and leave out the hidden ones.

    A field that may be None is shown as tabs of types ("str", "None"): one that may be left empty
    asks the same. A decision shows what an untouched one means.
    """
    fields = made._parameter_openapi_schema.properties  # pyright: ignore[reportPrivateUsage]
    for name in deployment.hidden:
        del fields[name]
    order = [name for name in FIELDS_FIRST if name in fields]
    order += [name for name in fields if name not in order]
    for position, name in enumerate(order):
        field = fields[name]
        field |= {"title": name.replace("_", " ").capitalize(), "position": position}
        if position == 0:  # the form is where somebody decides, and does not show the description
            said = (
                f"{field['description']} Touches: {deployment.touches} Leaves: {deployment.leaves}"
            )
            field["description"] = said.replace("`", "").replace("*", "")
        kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            del field["anyOf"], field["default"]
            field |= kinds[0]
        if AS_BEFORE in field.get("enum", ()):
            field["default"] = AS_BEFORE
