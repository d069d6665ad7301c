"""The data docs: a data docs site of Great Expectations whose pages need no internet.

The stock pages load 15 assets from CDNs and draw the index in the browser. Here Great Expectations
keeps the results and the site, and the pages are ours: plain HTML with the style inside.

    DOCS_FOLDER/results/        what was judged, as Great Expectations stores it
    DOCS_FOLDER/validations/    one page for each
    DOCS_FOLDER/index.html
"""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import great_expectations as gx
from great_expectations.core import RunIdentifier
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    SiteSectionIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.render.renderer.site_builder import SiteBuilder

from expectations.pages import Page, read_page, render_index, render_page

SITE = "data_docs"


def build_data_docs(docs_folder: Path, keep: int = 50) -> Path:
    """Write the pages that `docs_folder` lacks and its index; return the path of the index.

    Removes the results and pages of all but the newest `keep` runs.
    """
    context = open_context(docs_folder)
    keys = stored_keys(context)
    newest = sorted({run_of(key) for key in keys}, reverse=True)[:keep]
    for key in keys:
        if run_of(key) not in newest:
            for part in ("results", "validations"):
                shutil.rmtree(docs_folder.joinpath(part, *key.to_tuple()[:-1]), ignore_errors=True)
    context.build_data_docs(site_names=[SITE])
    return docs_folder / "index.html"


class OfflineSite(SiteBuilder):
    """Build the site from our own pages; only the pages that are missing are written."""

    def build(
        self,
        resource_identifiers: Iterable[ValidationResultIdentifier] | None = None,
        build_index: bool = True,
    ) -> tuple[str | None, dict[str, Any]]:
        """Write the missing pages (or those that are named) and the index.

        Returns the URL of the index and its links, as Great Expectations expects.
        """
        results = self.data_context.validation_results_store.store_backend
        written = self.target_store.store_backends[ValidationResultIdentifier]
        named = set(resource_identifiers or ())
        pages: list[Page] = []
        for key in stored_keys(self.data_context):
            # plain JSON: the schema of Great Expectations takes 6 times as long (1.4 ms a result)
            stored = cast(str, results.get(key.to_tuple()))
            page = read_page(json.loads(stored), link_of(key))
            pages.append(page)
            if key in named or not written.has_key(key.to_tuple()):
                self.target_store.set(SiteSectionIdentifier("validations", key), render_page(page))
        if build_index:
            self.target_store.write_index_page(render_index(pages))
        return self.get_resource_url(only_if_exists=False), {}


def open_context(docs_folder: Path | None) -> EphemeralDataContext:
    """Return a Great Expectations context that lives in memory; only results go to the folder.

    Without a folder it writes no file at all.
    """
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    if docs_folder is not None:
        folder = docs_folder.absolute()
        stores = cast(dict[str | None, Any], config.stores)
        stores[config.validation_results_store_name]["store_backend"] = _folder(folder / "results")
        config.data_docs_sites = {
            SITE: {
                "class_name": OfflineSite.__name__,
                "module_name": OfflineSite.__module__,
                "store_backend": _folder(folder),
                "show_how_to_buttons": False,
            }
        }
    return gx.get_context(mode="ephemeral", project_config=config)


def stored_keys(context: AbstractDataContext) -> list[ValidationResultIdentifier]:
    """Return the keys of all stored results, in no order."""
    return cast(list[ValidationResultIdentifier], context.validation_results_store.list_keys())


def _folder(path: Path) -> dict[str, Any]:
    return {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": str(path),
        "suppress_store_backend_id": True,
    }


def result_key(suite: str, run: RunIdentifier) -> ValidationResultIdentifier:
    """Return the key of a result: it becomes the path suite/run name/time/suite."""
    name = re.sub(r"[^\w.() -]", "-", run.run_name or "run").strip(". ")[:80] or "run"
    return ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(suite),
        run_id=RunIdentifier(run_name=name, run_time=run.run_time),
        batch_identifier=suite,
    )


def run_of(key: ValidationResultIdentifier) -> tuple[str, str]:
    """Return the time and the name of the run of a result: the newest sorts last."""
    name, time = key.run_id.to_tuple()
    return time, name


def link_of(key: ValidationResultIdentifier) -> str:
    """Return where the page of a result lies in the site, as a path with `/`."""
    return "/".join(("validations", *key.to_tuple())) + ".html"
