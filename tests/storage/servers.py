"""Real servers for tests, each in a process of its own on a free port of this machine, gone when the block ends."""

import hmac
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

START_LIMIT_S = 60.0


class ServerMissing(Exception):
    """The program of a server is not installed here; the message says what to install."""


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """An S3 of its own that keeps objects in memory.

    Args:
        folder: for its log.

    Yields:
        URL of its endpoint; any key and secret will do.
    """
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with server_process(command, folder, lambda: answers(f"http://127.0.0.1:{port}/moto-api/")):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def azure_server(folder: Path) -> Iterator[str]:
    """An Azure Blob storage of its own: Azurite, from PATH or the folder that EFFACE_AZURITE names.

    Yields:
        URL of the endpoint of the account ``devstoreaccount1``.

    Raises:
        ServerMissing: Azurite or Node is not installed.
    """
    named = os.environ.get("EFFACE_AZURITE")
    found = shutil.which("azurite-blob", path=named) if named else shutil.which("azurite-blob")
    if found is None or shutil.which("node") is None:
        raise ServerMissing(
            "needs Azurite: npm install azurite, and put node_modules/.bin into PATH or name it in EFFACE_AZURITE"
        )
    port = free_port()
    command = [found, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--silent"]
    command += ["--skipApiVersionCheck", "--disableTelemetry"]
    with server_process(command, folder, lambda: can_connect(port)):
        yield f"http://127.0.0.1:{port}/devstoreaccount1"


AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of every Azurite, as its documentation gives it."""


def make_azure_container(endpoint: str, name: str) -> None:
    """Make a container; obstore makes none, and Azurite knows no request without a signature."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    signed = "".join(f"{key}:{value}\n" for key, value in sorted(headers.items()))
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + signed + resource
    digest = hmac.digest(b64decode(AZURE_KEY), text.encode(), "sha256")
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{b64encode(digest).decode()}"
    request = urllib.request.Request(f"{endpoint}/{name}?restype=container", method="PUT", headers=headers)
    urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def server_process(
    command: Sequence[str | Path], folder: Path, is_ready: Callable[[], bool], **how: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; its output goes to ``server.log`` in the folder."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **how,  # type: ignore[call-overload]
        )
    try:
        limit = time.monotonic() + START_LIMIT_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def can_connect(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Whether a web server answers there, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True
