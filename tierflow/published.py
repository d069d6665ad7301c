"""The published objects and their exact shapes: a public contract.

docs/reference.md, *Database objects*, is its page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tierflow.finalization import Finalization

SOURCE_COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "subscription_tiers": {
        "id": ("integer",),
        "tier_code": ("character varying", "text"),
        "tier_name": ("character varying", "text"),
        "is_active": ("boolean",),
        "sort_order": ("integer",),
    },
    "model_access_control": {
        "id": ("uuid",),
        "model_id": ("character varying", "text"),
        "provider": ("character varying", "text"),
        "display_name": ("character varying", "text"),
        "enabled": ("boolean",),
        "deprecated": ("boolean",),
        "tier_access": ("jsonb",),
        "tier_markup": ("jsonb",),
        "pricing": ("jsonb",),
    },
}

JUNCTION_COLUMNS: Mapping[str, str] = {
    "id": "integer",
    "tier_id": "integer",
    "model_id": "uuid",
    "enabled": "boolean",
    "markup_multiplier": "numeric(4,2)",
    "created_at": "timestamp without time zone",
    "updated_at": "timestamp without time zone",
}

VIEW_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "v_model_tier_access": (
        "model_id", "model_identifier", "provider", "display_name", "base_pricing", "tier_id",
        "tier_code", "tier_name", "markup_multiplier", "enabled", "effective_pricing",
        "created_at", "updated_at",
    ),
    "v_tier_model_summary": (
        "tier_code", "tier_name", "sort_order", "model_count", "providers", "min_markup",
        "max_markup",
    ),
}  # fmt: skip

COLUMNS_WITH_DEFAULT = ("id", "enabled", "markup_multiplier", "created_at", "updated_at")

INDEXES: Mapping[str, str] = {
    "unique_tier_model": "tier_model_access unique btree (tier_id, model_id) constraint",
    "idx_tier_model_tier_id": "tier_model_access btree (tier_id)",
    "idx_tier_model_model_id": "tier_model_access btree (model_id)",
    "idx_tier_model_enabled": "tier_model_access btree (enabled) WHERE enabled",
    "idx_tier_model_lookup": "tier_model_access btree (tier_id, model_id, enabled)",
}
# the triggers by which each side follows the other, and their tables
SYNC_TRIGGERS: Mapping[str, str] = {
    **{
        f"tierflow_sync_models_{name}": "model_access_control"
        for name in ("note_insert", "note_update", "write", "delete", "truncate")
    },
    **{
        f"tierflow_sync_grants_{name}": "tier_model_access"
        for name in ("lock", "insert", "update", "delete", "truncate")
    },
    **{
        f"tierflow_sync_tiers_{name}": "subscription_tiers"
        for name in ("insert", "rename", "delete", "truncate")
    },
}
_MODELS_RESULT = (
    "(p_tier_code character varying) -> TABLE(model_id uuid, model_identifier character varying,"
    " provider character varying, display_name character varying, markup_multiplier numeric,"
    " effective_pricing jsonb)"
)
# what an application writes with; the last two serve the others
WRITE_FUNCTIONS: Mapping[str, str] = {
    "assign_models_to_tier": (
        "(p_tier_code character varying, p_model_ids uuid[], p_markup numeric)"
        " -> TABLE(granted bigint, changed bigint, unchanged bigint)"
    ),
    "remove_model_from_tier": ("(p_model_id uuid, p_tier_code character varying) -> boolean"),
    "set_model_markup": (
        "(p_model_id uuid, p_tier_code character varying, p_markup numeric) -> numeric"
    ),
    "set_model_tiers": (
        "(p_model_id uuid, p_tier_codes text[])"
        " -> TABLE(tier_code character varying, change text, markup_multiplier numeric)"
    ),
    "check_tier_write": ("(p_tier_codes text[], p_model_ids uuid[], p_markup numeric) -> void"),
    "raise_tier_error": ("(p_sqlstate text, p_message text, p_detail text, p_hint text) -> void"),
}
FUNCTIONS: Mapping[str, str] = {
    "get_models_for_tier": _MODELS_RESULT,
    "is_model_available_for_tier": ("(p_model_id uuid, p_tier_code character varying) -> boolean"),
    **WRITE_FUNCTIONS,
    "touch_tier_model_access": "() -> trigger",
}

# the captured values beside the tier columns, where they are asked for
BACKUP_COLUMNS = ("tier_access_backup", "tier_markup_backup")

# every object that a migration creates in the application's schema, as (kind, name), and its shape
# as sql/queries/list_objects.sql reports it
OBJECTS: Mapping[tuple[str, str], str] = {
    ("table", "tier_model_access"): "rp",
    ("constraint", "fk_tier_model_tier"): "fc subscription_tiers",
    ("constraint", "fk_tier_model_model"): "fc model_access_control",
    **{("index", name): shape for name, shape in INDEXES.items()},
    **{("view", name): "v" for name in VIEW_COLUMNS},
    **{("security_invoker", name): "v" for name in VIEW_COLUMNS},
    **{("function", name): shape for name, shape in FUNCTIONS.items()},
    ("trigger", "touch_tier_model_access"): "tier_model_access",
    **{("trigger", name): table for name, table in SYNC_TRIGGERS.items()},
    **{("column", name): "jsonb" for name in BACKUP_COLUMNS},
}

# names that PostgreSQL gives to parts of the table: an adopted table may have others, but nobody
# else's object may have these (a table that was renamed out of the way keeps them)
RESERVED: Mapping[tuple[str, str], str] = {
    ("index", "tier_model_access_pkey"): "tier_model_access unique btree (id) constraint",
    ("sequence", "tier_model_access_id_seq"): "tier_model_access",
}


@dataclasses.dataclass(frozen=True)
class Inventory:
    """What of ours exists in one schema: `found` holds the complete and well-shaped objects.

    `backup_columns`: whether they are asked for.
    """

    found: frozenset[tuple[str, str]]
    misshapen: tuple[str, ...]
    build_exists: bool
    backup_columns: bool = False
    finalization: Finalization | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the objects that a run will create, as `kind name`."""
        wanted = [part for part in OBJECTS if self.backup_columns or part[0] != "column"]
        return tuple(f"{kind} {name}" for kind, name in wanted if (kind, name) not in self.found)

    @property
    def has_backup_columns(self) -> bool:
        """Whether one of the backup columns is there, made by a migration."""
        return any(kind == "column" for kind, _ in self.found)

    @property
    def has_all_backup_columns(self) -> bool:
        """Whether both backup columns are there, made by a migration."""
        return sum(kind == "column" for kind, _ in self.found) == len(BACKUP_COLUMNS)

    @property
    def published(self) -> bool:
        """Whether the junction table is live."""
        return ("table", "tier_model_access") in self.found

    @property
    def state(self) -> str:
        """Return not_migrated, migrated, partial or finalized."""
        if self.finalization:
            return "finalized"
        if not self.missing:
            return "migrated"
        return "partial" if self.found or self.build_exists else "not_migrated"


def take_inventory(
    objects: Iterable[Mapping[str, Any]], columns: Iterable[Mapping[str, Any]], build: str
) -> Inventory:
    """Sort the rows of list_objects.sql and list_columns.sql into ours and in the way."""
    rows = [(str(row["kind"]), str(row["name"]), str(row["shape"])) for row in objects]
    wanted = {**OBJECTS, **RESERVED}
    misshapen = [
        f"{kind} {name} is {shape or 'of another kind'}, not {wanted[kind, name]}"
        for kind, name, shape in rows
        if (kind, name) in wanted and shape != wanted[kind, name]
    ]
    found = {(kind, name) for kind, name, shape in rows if OBJECTS.get((kind, name)) == shape}
    misshapen += _compare_columns(found, list(columns))
    schemas = {name for kind, name, _ in rows if kind == "schema"}
    return Inventory(frozenset(found), tuple(misshapen), build in schemas)


def _compare_columns(
    found: set[tuple[str, str]], columns: Sequence[Mapping[str, Any]]
) -> list[str]:
    differences: list[str] = []
    if ("table", "tier_model_access") in found:
        found_columns = {
            str(c["name"]): _describe_column(c["type"], c["not_null"], c["has_default"])
            for c in columns
            if c["relation"] == "tier_model_access"
        }
        for name, kind in JUNCTION_COLUMNS.items():
            wanted = _describe_column(kind, True, name in COLUMNS_WITH_DEFAULT)
            actual = found_columns.get(name, "missing")
            # a default that we did not ask for does no harm
            if actual not in (wanted, f"{wanted} default"):
                differences.append(f"column {name} of tier_model_access is {actual}, not {wanted}")
    for view, wanted_columns in VIEW_COLUMNS.items():
        names = tuple(c["name"] for c in columns if c["relation"] == view)
        if ("view", view) in found and names != wanted_columns:
            differences.append(f"view {view} has the columns {', '.join(names)}")
    return differences


def _describe_column(kind: str, not_null: bool, has_default: bool) -> str:
    return kind + " not null" * not_null + " default" * has_default
