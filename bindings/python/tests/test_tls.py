"""A server whose authority was made for this run: trusted by a client that is told of it, and by no other."""

from __future__ import annotations

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidewire

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        body = b"id: 1\ndata: secret\n\n"
        self.send_header("content-type", "text/event-stream")
        # Without it the body would end with the connection, and this server closes that without saying so in TLS.
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URL of a server, and the PEM of its authority."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Tidewire's tests", "-days", "2")
    openssl("req", *KEY, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=127.0.0.1")
    (tmp_path / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions", "-days", "2"]
    openssl("x509", "-req", "-in", "request.pem", "-out", "cert.pem", *signed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    # A handshake that fails must not end the loop that accepts, so it happens in the thread of its connection.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/", (tmp_path / "ca.pem").read_text()
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing, which makes the authority")
def test_an_authority_of_the_callers(secure: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    url, authority = secure
    for pem in (authority, authority.encode()):
        assert [event.data for event in tidewire.Client(ca_certificates=pem).stream(url)] == ["secret"]
    with pytest.raises(tidewire.UnreachableError) as caught:
        list(tidewire.stream(url, retry_delay=0.001))
    assert "certificate" in str(caught.value).lower()
    # A certificate does not become good by itself.
    assert caught.value.stats.attempts == 1
    with pytest.raises(tidewire.UsageError):
        tidewire.Client(ca_certificates="no PEM")
