"""Import the judge late: Great Expectations alone takes about 4 s."""

import gc
from types import ModuleType


def load_judge() -> ModuleType:
    """Import `expectations.judge` and return it; safe to call from a background thread, and again.

    Garbage collection pauses meanwhile: nothing that is imported becomes garbage, and looking
    for it cost 0.7 of 3.9 s.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        from expectations import judge
    finally:
        if collecting:
            gc.enable()
    return judge
