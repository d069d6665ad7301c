"""The errors that tierflow raises, one class for each remedy and exit code.

TierflowError
├── ConfigurationError   exit 2: fix a setting, a privilege or the schema
├── DecisionNeeded       exit 2: a person decides how to read the data
├── ChecksFailed         exit 1: look at the data
└── TransientError       exit 3: run the same command again
"""

import enum
from typing import Any


class ExitCode(enum.IntEnum):
    """What the process tells its caller; `meaning` is for people."""

    DONE = 0, "done, and read back"
    CHECK_FAILED = 1, "a check failed, or a bug: look at the data and the report"
    DECISION_NEEDED = 2, "a person must decide, or a setting is wrong; nothing was changed"
    TRY_AGAIN = 3, "a passing fault: run the same command again, it goes on where it stopped"
    INTERRUPTED = 130, "interrupted, or the question was answered with no; run it again to go on"

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        """Make a member of its number, with what it means beside it."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class TierflowError(Exception):
    """What failed and the evidence; `next_step` is what to type or do next.

    `result` is what the command has to say all the same, as its `--json` prints it.
    """

    exit_code = ExitCode.CHECK_FAILED

    def __init__(self, message: str, *, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.result: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.message}\nNext: {self.next_step}"

    def __reduce__(self) -> tuple[Any, ...]:
        # the default rebuilds from positional arguments only, and ours are keywords
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    cls: type[TierflowError], args: tuple[Any, ...], state: dict[str, Any]
) -> TierflowError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(TierflowError):
    """A setting, a privilege or the schema stands in the way; nothing was changed."""

    exit_code = ExitCode.DECISION_NEEDED


class DecisionNeeded(TierflowError):
    """The data holds cases that only a person may decide; nothing was changed."""

    exit_code = ExitCode.DECISION_NEEDED


class ChecksFailed(TierflowError):
    """A check of the data failed, so nothing was published or kept."""

    exit_code = ExitCode.CHECK_FAILED


class TransientError(TierflowError):
    """A passing fault: run the same command again. `retry`: a step may try again by itself."""

    exit_code = ExitCode.TRY_AGAIN

    def __init__(self, message: str, *, next_step: str, retry: bool = False) -> None:
        super().__init__(message, next_step=next_step)
        self.retry = retry
