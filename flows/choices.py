"""A decision in a form: a list that begins with what leaves it as it was decided before."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic_core import core_schema

AS_BEFORE = "as decided before"
YES_OR_NO = ("yes", "no")

T = TypeVar("T")


def _read(value: object) -> object:
    return None if value == AS_BEFORE else value


class _AsList:
    """Describe what may be None as one list of words, its first the one that decides nothing.

    Prefect's V1 form posts a switch that nobody touched as false, and neither form can take a
    choice back once it is made; a list has room for a third value.
    """

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kinds = handler(schema)["anyOf"]
        kind = next(kind for kind in kinds if kind != {"type": "null"})
        words = YES_OR_NO if kind == {"type": "boolean"} else kind.get("enum") or [kind["const"]]
        return {"type": "string", "enum": [AS_BEFORE, *words]}


Choice = Annotated[T | None, BeforeValidator(_read), _AsList()]
