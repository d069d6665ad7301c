"""Whether Prefect orchestrates what runs here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.context import FlowRunContext


def flow_run_context() -> FlowRunContext | None:
    """Return the flow run that this is inside of; a process without Prefect is in none."""
    if "prefect" not in sys.modules:
        return None
    from prefect.context import FlowRunContext

    return FlowRunContext.get()
