"""A real PostgreSQL that a test can stop and start again, where its programs are installed; on loopback only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
import pytest

from tests.storage.servers import free_port

_USER = "efface"
_LIMIT_S = 120


class Postgres:
    """A PostgreSQL server in a process of its own.

    Args:
        programs: folder of ``initdb`` and ``pg_ctl``.
        folder: empty, and every user may enter it.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._port = free_port()
        self._who: dict[str, Any] = {}
        self.is_running = False
        # The server refuses to run as root.
        if os.geteuid() == 0:
            user = _ordinary_user()
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._run(
            "initdb", "--auth=trust", f"--username={_USER}", "--no-sync", "--encoding=UTF8", "--locale=C"
        )

    @property
    def url(self) -> str:
        """Address of its database ``postgres``, of which the user may make others."""
        return self._url_of("postgres")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -h 127.0.0.1 -k {self._folder} -c fsync=off -c max_connections=200"
        self._run(
            "pg_ctl", "start", "--wait", "--silent", f"--log={self._folder}/log", f"--options={options}"
        )
        self.is_running = True

    def stop(self) -> None:
        """Stop it as a crash would, without waiting for its clients."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")
        self.is_running = False

    def new_database(self) -> str:
        """Address of a database that is empty."""
        name = f"test_{token_hex(6)}"
        self._execute(f'CREATE DATABASE "{name}"')
        return self._url_of(name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Address of an empty database that is gone when the block ends."""
        url = self.new_database()
        yield url
        self._execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _url_of(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder}/data", *arguments]
        setup = self._folder / "setup.log"
        # To a file, since a server that has been started holds a pipe open for as long as it runs.
        with setup.open("ab") as log:
            code = subprocess.run(
                command, cwd=self._folder, stdout=log, stderr=log, timeout=_LIMIT_S, check=False, **self._who
            ).returncode
        assert code == 0, f"{program} failed:\n{setup.read_text(errors='replace')[-3000:]}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block runs; skips the test where none is installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs a PostgreSQL server, which is not installed: on Debian, apt install postgresql")
    # Not below pytest's folder, which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="efface-postgres-"))
    folder.chmod(0o755)
    try:
        server = Postgres(programs, folder)
        server.start()
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    # Debian keeps them out of PATH, a folder for each version.
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    for folder in [*map(Path, os.environ.get("PATH", "").split(os.pathsep)), *reversed(debian)]:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("needs a user besides root to run PostgreSQL as")
