"""What the last rehearsal says of the run to come, kept as a file: production is only read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger("tierflow.forecast")


@dataclasses.dataclass(frozen=True)
class Forecast:
    """A migration as it was rehearsed.

    `seconds` are wall clock, the import of Great Expectations aside; `lock_seconds` is the publish
    step, which bounds the longest lock on a live table; `bytes` is the junction table with its
    indexes; `rehearsal_seconds` is how long the whole rehearsal took.
    """

    database: str
    made: str
    models: int
    grants: int
    seconds: float
    lock_seconds: float
    bytes: int
    rehearsal_seconds: float

    def compare(self, seconds: float) -> dict[str, Any]:
        """Return how a run that took so long compares with this forecast."""
        return {
            **dataclasses.asdict(self),
            "actual_seconds": round(seconds, 3),
            "ratio": round(seconds / self.seconds, 2) if self.seconds else None,
        }


def save_forecast(home: Path, forecast: Forecast) -> Path:
    """Write the forecast; return its file."""
    folder = home / "forecasts"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = dt.datetime.fromisoformat(forecast.made).strftime("%Y%m%dT%H%M%S%f")
    path = folder / f"{stamp}.json"
    path.write_text(json.dumps(dataclasses.asdict(forecast), indent=2), encoding="utf-8")
    return path


def load_forecast(home: Path, database: str) -> Forecast | None:
    """Return the newest forecast for a database of this name, if there is one."""
    return next(iter(reversed(_load_all(home, database))), None)


def list_forecasts(home: Path, database: str) -> list[tuple[str, float]]:
    """Return when each forecast for this database was made and its rehearsal's seconds."""
    return [(forecast.made, forecast.rehearsal_seconds) for forecast in _load_all(home, database)]


def _load_all(home: Path, database: str) -> list[Forecast]:
    forecasts: list[Forecast] = []
    for path in sorted((home / "forecasts").glob("*.json")):
        try:
            forecasts.append(Forecast(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError) as error:
            # a forecast is a comfort: a file of another version must not fail a run
            log.warning("The forecast %s cannot be read: %s", path, error)
    return [forecast for forecast in forecasts if forecast.database == database]
