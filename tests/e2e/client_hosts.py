"""Where a client lives: its host, which serves its metadata document over https, and the port that awaits its answer."""

import json
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.auth.hosts import write_certificate

HERE = "127.0.0.1"

LOOPBACK = (f"http://{HERE}/callback",)
"""Without a port: a program takes whichever is free (RFC 8252 §7.3)."""


@dataclass(frozen=True)
class Published:
    """What a client says about itself."""

    name: str
    redirect_uris: tuple[str, ...] = LOOPBACK


@dataclass(frozen=True)
class DocumentHost:
    """A running host of metadata documents, and the file with the certificate that makes it trusted."""

    port: int
    certificate: Path

    @property
    def environment(self) -> dict[str, str]:
        """What lets the server read documents here."""
        return {
            "SSL_CERT_FILE": str(self.certificate),
            "SOCIALAPI_CLIENT_DOCUMENT_NETWORKS": "127.0.0.0/8",
            "SOCIALAPI_CLIENT_DOCUMENT_PORTS": f"[{self.port}]",
        }

    def document(self, name: str) -> str:
        """The address of a client's document, which is its client id."""
        return f"https://{HERE}:{self.port}/{name}.json"


@contextmanager
def document_host(folder: Path, clients: Mapping[str, Published]) -> Generator[DocumentHost]:
    """Serve a document for each client, by a name in its address."""
    certificate, private_key = write_certificate(folder)
    host: list[DocumentHost] = []

    class Documents(_Silent):
        def do_GET(self) -> None:
            name = self.path.strip("/").removesuffix(".json")
            known = clients.get(name)
            self.answer(404 if known is None else 200, json.dumps(known and _document(host[0].document(name), known)))

    server = ThreadingHTTPServer((HERE, 0), Documents)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private_key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    host.append(DocumentHost(port=server.server_address[1], certificate=certificate))
    with _running(server):
        yield host[0]


@contextmanager
def callback() -> Generator[str]:
    """The address that a browser is sent back to, answering as a client's own page does."""
    server = ThreadingHTTPServer((HERE, 0), _Callback)
    with _running(server):
        yield f"http://{HERE}:{server.server_address[1]}/callback"


def _document(address: str, client: Published) -> dict[str, Any]:
    return {
        "client_id": address,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


class _Silent(BaseHTTPRequestHandler):
    def answer(self, status: int, body: str, kind: str = "application/json") -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Callback(_Silent):
    def do_GET(self) -> None:
        icon = '<link rel="icon" href="data:,">'
        self.answer(200, f"<!doctype html><html lang=en><title>App</title>{icon}<h1>Back in the app</h1>", "text/html")


@contextmanager
def _running(server: ThreadingHTTPServer) -> Generator[None]:
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()
