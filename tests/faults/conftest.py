"""What the fault tests share: the table of cases at the end."""

from __future__ import annotations

from collections import defaultdict

import pytest


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases of each fault were tried and passed."""
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    figures: list[str] = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            for name, value in report.user_properties:
                if name == "cases":
                    fault, tried, passed = value
                    table[fault][0] += tried
                    table[fault][1] += passed
                elif name == "figures":
                    figures.append(str(value))
    if table:
        terminalreporter.write_sep("=", "faults: cases tried and passed")
        for fault, (tried, passed) in sorted(table.items()):
            terminalreporter.write_line(f"{fault:<60} {tried:>5} {passed:>5}")
        tried, passed = (sum(counts[n] for counts in table.values()) for n in (0, 1))
        terminalreporter.write_line(f"{'all':<60} {tried:>5} {passed:>5}")
    for line in dict.fromkeys(figures):
        terminalreporter.write_line(line)
