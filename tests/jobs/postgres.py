"""A real PostgreSQL that a test can stop and start again, where its programs are installed; on loopback only."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.storage.servers import free_port

_USER = "efface"


class Postgres:
    """A PostgreSQL server that can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._port = free_port()
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        self._run(
            "initdb", "--auth=trust", f"--username={_USER}", "--no-sync", "--encoding=UTF8", "--locale=C"
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -h 127.0.0.1 -k {self._folder} -c fsync=off -c max_connections=200"
        self._run(
            "pg_ctl", "start", "--wait", "--silent", f"--log={self._folder}/log", f"--options={options}"
        )

    def stop(self) -> None:
        """Stop it as a crash would, without waiting for its clients."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")

    def new_database(self) -> str:
        """Address of a database that is empty."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder}/data", *arguments]
        # To a file, since a server that has been started holds a pipe open for as long as it runs.
        with (self._folder / "setup.log").open("ab") as log:
            subprocess.run(
                command, check=True, cwd=self._folder, user=self._user, stdout=log, stderr=log, timeout=120
            )


def postgres_programs() -> Path | None:
    """Folder of the server's programs, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block runs; skips the test where none is installed."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("needs PostgreSQL (the package `postgresql` of Debian), which is not installed")
    # Not below pytest's folder, which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="efface-postgres-"))
    try:
        server = Postgres(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
