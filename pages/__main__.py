"""`./run docs`: write the generated parts of the pages anew, draw the diagrams, build the site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pages.diagrams import draw
from pages.marked import replace_parts
from pages.reference import describe_all

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference.md"
SITE = ("mkdocs", "build", "--strict", "--quiet", "--config-file", str(ROOT / "mkdocs.yml"))


def render_generated() -> dict[Path, str]:
    """Return what each generated file must hold now. Writes nothing."""
    drawn = {
        DOCS / "images" / f"{source.stem}.svg": draw(source)
        for source in sorted((DOCS / "diagrams").glob("*.dot"))
    }
    return {
        REFERENCE: replace_parts(REFERENCE.read_text(encoding="utf-8"), describe_all()),
        **drawn,
    }


def main() -> int:
    """Write the generated files that differ, and build the site into `site/`."""
    for path, text in render_generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"docs: wrote {path.relative_to(ROOT)}\n")
    # the theme's authors advertise on stderr what comes after MkDocs
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    code = subprocess.run(
        [sys.executable, "-m", *SITE], cwd=ROOT, env=quiet, check=False
    ).returncode
    if code == 0:
        sys.stderr.write("docs: built site/index.html\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
