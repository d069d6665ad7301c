"""The Python contenders, each a program of its own that imports no more than it needs."""
