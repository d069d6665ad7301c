"""The files server gives the reports and the data docs, and nothing else of the folder."""

from __future__ import annotations

import datetime as dt
import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flows.files_server import files_server
from tierflow.errors import ConfigurationError
from tierflow.report import write_report
from tierflow.report_record import RunReport

SECRET = "not for the web"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("reports", "data_docs", "prefect"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.html").write_text(f"<p>{folder}")
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "prefect" / "server.log").write_text(SECRET)
    (tmp_path / "reports" / "link.html").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "reports" / "all").symlink_to(tmp_path)
    return tmp_path


@pytest.fixture
def url(home: Path) -> Iterator[str]:
    with files_server(home, 0) as url:
        yield url


def _ask(url: str, path: str, method: str = "GET") -> tuple[int, str]:
    """Ask for a path as it is written: an HTTP library would resolve its dots."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request(method, path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_reports_and_data_docs_are_served(url: str) -> None:
    assert _ask(url, "/reports/index.html") == (200, "<p>reports")
    assert _ask(url, "/data_docs/index.html?sort=date") == (200, "<p>data_docs")


def test_the_first_page_lists_the_reports(url: str) -> None:
    status, text = _ask(url, "/")
    assert status == 200
    assert 'href="/reports/index.html"' in text
    assert 'href="/data_docs/index.html"' in text


def test_a_report_is_listed_by_its_run_its_outcome_its_database_and_its_time(
    home: Path, url: str
) -> None:
    record = RunReport(
        run_id="3f2a91c0",
        mode="migrate",
        outcome="published",
        database='shop on "db<1>"',
        started=dt.datetime(2026, 3, 14, 2, 30, tzinfo=dt.UTC),
        seconds=41.5,
        tierflow_version="1",
        server_version="18.1",
    )
    write_report(record, home / "reports")
    _, text = _ask(url, "/")
    rows = re.findall(r'<tr role="row">(.*?)</tr>', text, re.DOTALL)[1:]
    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td.*?</td>", rows[0])]
    assert cells == [
        "migrate", "Published", "shop on &#34;db&lt;1&gt;&#34;",
        "2026-03-14 02:30:00 UTC", "41.5\u202fs",
    ]  # fmt: skip
    assert 'href="/reports/3f2a91c0.html"' in rows[0]
    assert "not said by the page" in rows[1]


@pytest.mark.parametrize("path", ["/", "/reports/index.html", "/secret.txt"])
def test_a_browser_takes_no_answer_for_another_type_and_asks_again(url: str, path: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", path)
    headers = connection.getresponse().headers
    connection.close()
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/../secret.txt",
        "/reports/../secret.txt",
        "/reports/%2e%2e/secret.txt",
        "/reports/..%2fsecret.txt",
        "/reports//../../secret.txt",
        "//secret.txt",
        "/reports/link.html",
        "/reports/all/secret.txt",
        "/reports/all/prefect/server.log",
        "/prefect/server.log",
        "/prefect/index.html",
        "/reports",
        "/reports/",
        "/data_docs/",
        "/reports/index.html/",
        "/reports/%00",
        "/etc/passwd",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_outside_of_the_two_folders_is_not_found(url: str, path: str, method: str) -> None:
    status, text = _ask(url, path, method)
    assert status == 404
    assert SECRET not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(url: str, method: str) -> None:
    assert _ask(url, "/reports/index.html", method)[0] == 405


def test_only_this_machine_can_connect(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_named_with_what_to_do(home: Path, url: str) -> None:
    port = urlsplit(url).port
    assert port
    with (
        pytest.raises(ConfigurationError, match=rf"port {port}.*\n.*--files-port"),
        files_server(home, port),
    ):
        pass
