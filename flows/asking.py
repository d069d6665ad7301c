"""A run that needs a decision asks for it in its own form, and goes on when it is answered.

The run is suspended: its process ends, so that it survives a restart of `serve`, and it begins
anew when somebody resumes it, with the answers laid over its parameters. Only called under Prefect.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from pydantic import Field, WithJsonSchema, create_model

from flows.choices import AS_BEFORE, Choice
from flows.compose_page import escape
from flows.flow_run import flow_run_context
from tierflow.decisions import Decisions, lay_over
from tierflow.errors import DecisionNeeded
from tierflow.settings import read_settings

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun
    from prefect.input import RunInput

P = ParamSpec("P")
R = TypeVar("R")

PAUSE_KEY = "decision-{}"
CODE = "tier_of_code_{}"  # what a code is called stands in its field: a code may be any text
# a decision without an entry is asked for whatever is open
CASES = {
    "unknown_tiers": "unknown_tiers",
    "malformed": "malformed",
    "markup_conflict": "markup_conflicts",
    "inexact_markup": "inexact_markups",
}


def asking(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function so that what a person must decide is asked for in the run's form.

    What nobody answers in time ends as without a form: failed, with nothing changed.
    """

    @functools.wraps(function)
    def ask(*args: P.args, **given: P.kwargs) -> R:
        run = _find_deployed_run()
        if run is None:
            return function(*args, **given)
        keys = (run.empirical_policy.pause_keys or set()) if run.empirical_policy else set[str]()
        rounds = sum(key.startswith(PAUSE_KEY.format("")) for key in keys)
        answers: dict[str, Any] = {}
        for number in range(rounds):
            answers = lay_over(answers, _read_answers(number))
        said = {name: value for name, value in given.items() if value not in (None, {})}
        try:
            return function(*args, **lay_over(said, answers))  # pyright: ignore[reportCallIssue]
        except DecisionNeeded as error:
            seconds = choose_patience(run)
            if seconds and (questions := compose_questions((error.result or {}).get("plan"))):
                _suspend(questions, seconds, rounds)  # ends this process
            raise

    return ask


def _find_deployed_run() -> FlowRun | None:
    context = flow_run_context()
    run = context.flow_run if context else None
    return run if run is not None and run.deployment_id is not None else None


def choose_patience(run: FlowRun) -> int:
    """Return for how many seconds a run waits for its decisions, 0: not at all."""
    settings = read_settings()
    return settings.decision_wait_scheduled if run.auto_scheduled else settings.decision_wait


def _suspend(questions: type[RunInput], seconds: int, number: int) -> None:
    from prefect.flow_runs import suspend_flow_run

    suspend_flow_run(questions, timeout=seconds, key=PAUSE_KEY.format(number))


def _read_answers(number: int) -> dict[str, Any]:
    """Return what was answered in one round, as parameters of the flow."""
    from prefect.input import read_flow_run_input
    from prefect.input.run_input import keyset_from_base_key

    keys = keyset_from_base_key(f"suspended-{PAUSE_KEY.format(number)}")
    # a coroutine in async flows only
    answers = cast(dict[str, Any], read_flow_run_input(keys["response"]) or {})
    schema = cast(dict[str, Any], read_flow_run_input(keys["schema"]) or {})
    return read_answers(answers, schema.get("properties", {}))


def read_answers(answers: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of a form as parameters of the flow; `fields` are those of its schema."""
    given = {name: value for name, value in answers.items() if value not in (None, "", AS_BEFORE)}
    codes = {
        fields[name]["code"]: [given.pop(name)]
        for name in list(given)
        if "code" in fields.get(name, {})
    }
    return lay_over({"tier_map": codes} if codes else {}, given)


def compose_questions(plan: Mapping[str, Any] | None) -> type[RunInput] | None:
    """Return the form that asks for the open cases of a plan; None where answers would not help."""
    from prefect.input import RunInput

    if not plan or not plan["undecided"] or plan["obstacles"] or plan["missing_privileges"]:
        return None
    tiers = {"type": "string", "enum": list(plan["write_codes"])}
    maps = {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
    }
    fields: dict[str, Any] = {}
    for number, unknown in enumerate(plan["unknown_tiers"], start=1):
        fields[CODE.format(number)] = (
            Annotated[str | None, WithJsonSchema(tiers)],
            Field(
                None,
                title=f"{unknown['code']!r}, held by {unknown['models']:,} models, means",
                json_schema_extra=functools.partial(_leave_unset, code=unknown["code"]),
            ),
        )
    if plan["unknown_tiers"]:
        fields["tier_map"] = (
            Annotated[dict[str, list[str]] | None, WithJsonSchema(maps)],
            Field(
                None,
                title="Codes that mean several tiers",
                description='{"code": ["tier"]}',
                json_schema_extra=_leave_unset,
            ),
        )
    for name, choices in _list_choices().items():
        if plan.get(CASES.get(name, ""), True):
            description = Decisions.model_fields[name].description
            title = name.replace("_", " ").capitalize()
            fields[name] = (
                Choice[choices],
                Field(None, title=title, description=description, json_schema_extra=_leave_unset),
            )
    made = create_model("Decisions", __base__=RunInput, **fields)
    made._description = _describe(plan["undecided"])  # pyright: ignore[reportPrivateUsage]
    return made


def _leave_unset(schema: dict[str, Any], **extra: str) -> None:
    """Take the default away: a form posts it from an untouched field, and null is refused."""
    schema.pop("default", None)
    schema |= extra


def _list_choices() -> dict[str, Any]:
    """Return each decision that may be `fail`, with the other ways to decide it."""
    found: dict[str, Any] = {}
    for name, field in Decisions.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        words = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
        if "fail" in words:
            found[name] = Literal[tuple(word for word in words if word != "fail")]
    return found


def _describe(undecided: list[str]) -> str:
    return (
        "Nothing was changed. A person must decide, and tierflow does not guess:\n\n"
        + "\n".join(f"- {escape(case)}" for case in undecided)
        + "\n\nThe artifact summary of this run shows each case. What stays open is asked again."
    )
