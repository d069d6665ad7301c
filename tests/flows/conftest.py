"""What the tests of `tierflow serve` share: two databases, the server, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg import sql
from support.browser import open_browser, outside
from support.database import Database
from support.serving import Served, serve

from tasks.create_demo import SOURCE, fill_demo
from tierflow.connection import connect, run
from tierflow.embedded import EmbeddedServer
from tierflow.settings import Target

SECRET = "s3cret-of-the-dsn"
expect.set_options(timeout=60_000)  # a CI machine may do two other tests meanwhile


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def create_database(server: EmbeddedServer, name: str, home: Path) -> Database:
    """Create an empty database with a password, which the trusting server does not ask for."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return Database(f"{server.dsn(name)} password={SECRET}", server.bindir, home)


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, home: Path) -> Database:
    """The catalogue of the demo, not migrated."""
    database = create_database(server, "shop", home)
    fill_demo(database.target)
    return database


@pytest.fixture(scope="module")
def warehouse(server: EmbeddedServer, home: Path) -> Database:
    """So many chunks that their load can be cancelled."""
    database = create_database(server, "warehouse", home)
    with connect(Target(dsn=database.dsn, schema="public", home=home), "test") as connection:
        for name in SOURCE:
            run(connection, f"demo/{name}", schema="public")
    database.add_tiers("free", "pro")
    database.add_models([(f"model {n}", ["free", "pro"], {"pro": 1.5}) for n in range(3_000)])
    return database


@pytest.fixture(scope="module")
def served(
    shop: Database, warehouse: Database, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with serve(shop.dsn, home, log, TIERFLOW_CHUNK_MODELS="50") as served:
        served.save_connection("warehouse", warehouse.dsn)
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that asks this machine only."""
    with outside() as world:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, proxy=world.proxy)
        page.set_default_timeout(60_000)  # a CI machine may do two other tests meanwhile
        yield page
        page.close()
        assert not world.asked
