"""Rollback: the schema as it was, with the later changes kept or the captured values restored."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from tasks.build import drop_dry_run
from tasks.definition import database_task
from tasks.drop_objects import drop_everything
from tasks.live_locks import TakeLocks, with_live_locks
from tasks.survey import read_inventory
from tasks.sync import drop_sync
from tasks.way_back import (
    has_our_ledger,
    require_nothing_foreign,
    require_nothing_to_lose,
    require_way_back,
)
from tasks.write_back import keep_changes
from tierflow.connection import Connection, connect, fetch, run
from tierflow.culprits import writing_models
from tierflow.errors import ConfigurationError
from tierflow.ledger import has_ledger
from tierflow.settings import Target

log = logging.getLogger("tierflow.rollback")

GIVE_WAY, WAIT = "200ms", "5s"


@dataclasses.dataclass(frozen=True)
class RolledBack:
    """What was written and dropped."""

    models_restored: int
    dropped: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Return the number of models whose JSONB was written."""
        return self.models_restored


@database_task("roll back")
def roll_back(target: Target, *, restore_snapshot: bool) -> RolledBack:
    """Bring the JSONB up to date (or back to the captured values) and drop all that is ours.

    One transaction. Raises ConfigurationError, nothing changed, when it could not be done without
    loss: both sides changed the same grant, the old shape cannot say it, or an object of somebody
    else's needs one of ours. Without a ledger nothing is ours, whatever it is called.
    """

    def work(connection: Connection, take_locks: TakeLocks) -> RolledBack:
        take_locks()
        return _roll_back(connection, target, restore_snapshot=restore_snapshot)

    # both sides may be written while we ask for their locks: then we give way, and ask again
    done = with_live_locks(target, "roll back", (), work)
    log.info("Wrote the JSONB of %s models, dropped %s objects.", done.rows, len(done.dropped))
    return done


def _roll_back(connection: Connection, target: Target, *, restore_snapshot: bool) -> RolledBack:
    inventory = read_inventory(connection, target)
    require_nothing_to_lose(connection, target)
    drop_dry_run(connection, target)
    if not has_our_ledger(connection, target, inventory):
        return RolledBack(0, ())
    restored = 0
    if inventory.published:
        # sent together: between the two locks the next writer of grants would come in. It goes
        # on to the models, so we give way, for nobody else would
        with connection.pipeline():
            run(connection, "queries/lock_source", schema=target.schema)
            run(connection, "queries/set_lock_timeout", timeout=GIVE_WAY)
            run(connection, "queries/lock_junction", schema=target.schema)
        drop_sync(connection, target)
        fetch(connection, "queries/set_lock_timeout", timeout=WAIT)
        require_nothing_foreign(inventory)
        captured = require_way_back(connection, target, restore_snapshot=restore_snapshot)
        with writing_models():
            if restore_snapshot:
                restored = run(connection, "queries/restore_snapshot", **target.names())
            elif captured:
                restored = keep_changes(connection, target)
    dropped = drop_everything(connection, target, inventory)
    return RolledBack(restored, dropped)


@database_task("check rollback")
def check_rollback(target: Target) -> Sequence[str]:
    """Read back what of ours is left. Writes nothing. Raises ConfigurationError if anything is."""
    with connect(target, "check rollback", read_only=True) as connection:
        inventory = read_inventory(connection, target)
        ours = has_ledger(connection, target)
    if ours and inventory.state != "not_migrated":
        left = ", ".join(f"{kind} {name}" for kind, name in sorted(inventory.found))
        raise ConfigurationError(
            f"After the rollback these objects are still there: {left or 'the build'}.",
            next_step="run `tierflow rollback` again",
        )
    return ()
