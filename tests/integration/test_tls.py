"""The TLS settings of the DSN are libpq's and are honoured, by pg_dump too.

The embedded PostgreSQL has no TLS: the server is Debian's, with a certificate of its own CA.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg.conninfo import make_conninfo
from support.database import Database, Told

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import EmbeddedServer, embedded_server
from tierflow.pg_binaries import find_bindir

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
HOST = "db.tierflow.test"
pytestmark = pytest.mark.parametrize("server", ["pg15"], indirect=True)


class Authority:
    """A certificate authority: `certificate` is the file for sslrootcert."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signed = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def certify(self, host: str) -> tuple[Path, Path]:
        """Return the files of a certificate for this host, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        signed = self._sign(subject, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        certificate, secret = self._folder / "server.pem", self._folder / "server.key"
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        secret.chmod(0o600)
        return certificate, secret


@pytest.fixture(scope="module")
def folder(fast_folder: Path) -> Path:
    folder = fast_folder / "tls"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def secured(server: EmbeddedServer, folder: Path, authority: Authority) -> Iterator[str]:
    """The conninfo of a server that takes no session over TCP but an encrypted one."""
    certificate, key = authority.certify(HOST)
    owner = (server.folder / "data").stat()
    for path in (certificate, key):
        os.chown(path, owner.st_uid, owner.st_gid)
    hba = folder / "pg_hba.conf"
    hba.write_text("local all all trust\nhostssl all all 127.0.0.0/8 trust\n")
    # all of 127/8 is this machine: the port is free there
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
    options = {
        "ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key),
        "hba_file": str(hba), "listen_addresses": address, "fsync": "off",
        "dynamic_shared_memory_type": "mmap",
    }  # fmt: skip
    with embedded_server(folder / "pg", bindir=server.bindir, options=options) as own:
        with psycopg.connect(own.dsn(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
        database = Database(own.dsn("shop"), own.bindir, folder)
        with connect(database.target, "fill") as connection:
            for part in SOURCE:
                run(connection, f"demo/{part}", schema="public")
        database.add_tiers("free")
        database.add_model("one", ["free"])
        yield make_conninfo(own.dsn("shop"), host=HOST, hostaddr=address, sslmode="verify-full")


@pytest.fixture
def tell(
    tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Told]:
    """Run a command on this DSN."""
    monkeypatch.setenv("TIERFLOW_HOME", str(tmp_path))

    def tell(dsn: str, *command: str) -> Told:
        monkeypatch.setenv("TIERFLOW_DSN", dsn)
        return tierflow(*command)

    return tell


def test_the_right_authority_is_enough_for_a_migration_and_its_dump(
    secured: str,
    authority: Authority,
    tell: Callable[..., Told],
    tmp_path: Path,
    server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIERFLOW_PG_BINDIR", str(server.bindir))
    dsn = make_conninfo(secured, sslrootcert=str(authority.certificate))
    told = tell(dsn, "migrate", "--pg-dump", str(tmp_path / "before.dump"))
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert tell(dsn, "rollback").code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sslrootcert": "theirs"}, "certificate verify failed"),
        ({"host": "other.tierflow.test"}, "does not match host name"),
        ({"sslrootcert": "/nowhere/ca.pem"}, "does not exist"),
        ({"sslmode": "disable"}, "no pg_hba.conf entry"),
    ],
    ids=["another authority", "another host", "no authority", "no TLS"],
)
def test_what_cannot_be_verified_is_refused_in_two_lines(
    secured: str,
    authority: Authority,
    tell: Callable[..., Told],
    folder: Path,
    change: dict[str, str],
    said: str,
) -> None:
    given = {"sslrootcert": str(authority.certificate), **change}
    if given["sslrootcert"] == "theirs":
        given["sslrootcert"] = str(Authority(folder, "theirs").certificate)
    for command in ("plan", "migrate", "runs"):
        told = tell(make_conninfo(secured, **given), command)
        assert (told.code, said in told.stderr) == (2, True), told.stderr
        assert told.stderr.strip().splitlines()[1].startswith("Next: correct TIERFLOW_DSN")


def test_programs_without_tls_are_told_from_a_dump_that_failed(
    secured: str, authority: Authority, tell: Callable[..., Told], tmp_path: Path
) -> None:
    """The embedded PostgreSQL's pg_dump; the run stops before the first change."""
    if find_bindir() == DEBIAN_15:
        pytest.skip("the programs found first have TLS")
    dsn = make_conninfo(secured, sslrootcert=str(authority.certificate))
    told = tell(dsn, "migrate", "--pg-dump", str(tmp_path / "before.dump"))
    assert (told.code, "TIERFLOW_PG_BINDIR" in told.stderr) == (2, True), told.stderr
    assert "built without TLS" in told.stderr
    assert tell(dsn, "plan").value["state"] == "not_migrated"
