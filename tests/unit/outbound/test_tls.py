"""Over TLS the name is what counts, although the connection is made by address."""

import datetime
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from efface.domain.errors import ServiceUnavailableError
from efface.outbound import AddressRules, CallbackPoster, HttpDownloader
from efface.ports import SilentProgress

NAME = "secure.example"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for NAME that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "certificate.pem", folder / "key.pem"


class Server(BaseHTTPRequestHandler):
    """Answers at once, or drips for ever at /drip."""

    is_over = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.is_over.wait(0.02):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"safe")

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of tests clean."""


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate is what the test is about."""


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with QuietServer(("127.0.0.1", 0), Server) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        Server.is_over.set()
        server.shutdown()
        thread.join()
        Server.is_over.clear()


def rules() -> AddressRules:
    def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    return AddressRules(["127.0.0.1"], resolver=resolve)


def no_pause(seconds: float) -> None:
    """Take none."""


def test_certificate_of_the_name_is_accepted(port: int, tmp_path: Path) -> None:
    downloader = HttpDownloader(rules(), pause=no_pause)
    url = f"https://{NAME}:{port}/clip.mp4"
    downloader.fetch(url, tmp_path / "clip.mp4", max_bytes=100, progress=SilentProgress())
    assert (tmp_path / "clip.mp4").read_bytes() == b"safe"


def test_certificate_of_another_name_is_refused(port: int, tmp_path: Path) -> None:
    downloader = HttpDownloader(rules(), pause=no_pause)
    with pytest.raises(ServiceUnavailableError, match=r"(?i)certificate"):
        downloader.fetch(
            f"https://other.example:{port}/", tmp_path / "x", max_bytes=100, progress=SilentProgress()
        )
    assert CallbackPoster(rules()).post(f"https://other.example:{port}/") is False


def test_server_that_drips_is_cut_off_in_time(port: int) -> None:
    assert CallbackPoster(rules(), limit_s=0.5).post(f"https://{NAME}:{port}/drip") is False
