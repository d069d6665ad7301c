"""What is neither flow nor task: settings, connection, rules, ledger, report, embedded server."""

__version__ = "0.1.0"
