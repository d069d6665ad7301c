"""Logical replication: which of our tables an apply worker writes, and what follows that.

An apply worker fires row triggers only, and of these those that are enabled for it; it fires no
foreign key. So the triggers of the sync miss what it writes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from tierflow.connection import Connection, fetch
from tierflow.settings import Target

# the triggers that follow an apply worker, their tables, and the functions they call
REPLICA_TRIGGERS: Mapping[str, tuple[str, str]] = {
    "tierflow_sync_models_replica": ("model_access_control", "sync_models"),
    "tierflow_sync_grants_replica": ("tier_model_access", "sync_grants"),
    "tierflow_sync_tiers_replica": ("subscription_tiers", "sync_tiers"),
}
_KEYS = {"model_access_control": "fk_tier_model_model", "subscription_tiers": "fk_tier_model_tier"}


@dataclasses.dataclass(frozen=True)
class Subscribed:
    """A table that subscriptions write, and the trigger that is to follow what they write.

    `may_follow`: the other side is this database's own; `is_owned`: this role may make the trigger
    fire for them.
    """

    relation: str
    subscriptions: str
    trigger: str
    function: str
    may_follow: bool
    is_owned: bool

    def describe(self) -> str:
        """Say who writes the table, and what follows it."""
        written = (
            f"{self.relation} is written by logical replication (subscription"
            f" {self.subscriptions}), whose apply workers fire no ordinary trigger"
        )
        if not self.may_follow:
            return (
                f"{written}; tier_model_access and model_access_control both come from there, so"
                " neither follows the other here: the publisher must keep them the same"
            )
        if not self.is_owned:
            return (
                f"{written}, and only the owner of the table can make one fire for them: what they"
                f" write is not followed until that role migrates, or this one is a member of it"
            )
        return f"{written}: the sync follows them row by row, with the trigger {self.trigger}"


@dataclasses.dataclass(frozen=True)
class Subscriptions:
    """What subscriptions of this database write; `visible`: whether this role may see that."""

    visible: bool = True
    tables: tuple[Subscribed, ...] = ()

    @property
    def followed(self) -> frozenset[str]:
        """Return the triggers that are to be there."""
        return frozenset(
            table.trigger for table in self.tables if table.may_follow and table.is_owned
        )

    def list_notes(self) -> Iterator[str]:
        """Say what an operator has to know of each table, a sentence each; nothing without any."""
        if not self.visible:
            yield (
                "whether a subscription (logical replication) writes these tables cannot be seen"
                " by this role (no SELECT on pg_subscription_rel and pg_subscription): what an"
                " apply worker writes would pass by the sync, so ask who may see it"
            )
        for table in self.tables:
            yield table.describe()
            if key := _KEYS.get(table.relation):
                yield (
                    f"a TRUNCATE of {table.relation} at the publisher stops the subscription"
                    f" {table.subscriptions}, because {key} refers to the table here: publish"
                    " insert, update and delete only, or DELETE there"
                )
        if any(t.relation == "model_access_control" and t.may_follow for t in self.tables):
            yield (
                "what is written into tier_model_access here reaches model_access_control here"
                " only: the next change of that model at the publisher takes it back"
            )


def read_subscriptions(connection: Connection, target: Target) -> Subscriptions:
    """Return what subscriptions of this database write of our tables."""
    if not fetch(connection, "queries/has_subscription_rights")[0]["there"]:
        return Subscriptions(visible=False)
    rows = fetch(connection, "queries/list_subscribed", schema=target.schema)
    return Subscriptions(tables=tuple(Subscribed(**row) for row in rows))
