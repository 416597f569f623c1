"""A stranger's https host on this computer, with an authority of its own that clients under test may trust."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auth.egress import Egress, is_public

Address = IPv4Address | IPv6Address
Write = Callable[[asyncio.StreamWriter], Awaitable[None]]
HERE = IPv4Address("127.0.0.1")
NAME = "client.example"
OTHER_NAME = "other.example"
URL = f"https://{NAME}/oauth/client.json"
PUBLIC_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "1"}


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def document(url: str = URL, /, **members: Any) -> str:
    """A document that is valid but for the members given; None leaves one out."""
    whole = {
        "client_id": url,
        "client_name": "A client",
        "redirect_uris": ["https://client.example/callback", "http://127.0.0.1/callback"],
        **members,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None})


@dataclass
class Host:
    """What it was asked, and what it answers: bytes, or whatever a function writes."""

    answers: bytes | Write = field(default_factory=answer)
    port: int = 0
    names: list[str | None] = field(default_factory=list[str | None])
    """The SNI of each connection."""
    requests: list[str] = field(default_factory=list[str])
    connections: int = 0
    authority: ssl.SSLContext = field(default_factory=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    """A client's context that trusts this host."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if isinstance(self.answers, bytes):
                writer.write(self.answers)
            else:
                await self.answers(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def egress(self, resolve: "Resolver | None" = None, **options: Any) -> Egress:
        """An egress to which this computer is as public as the internet."""
        return Egress(
            resolve=resolve or Resolver([[HERE]]),
            is_allowed=lambda address: address == HERE or is_public(address),
            ports=frozenset({443, self.port}),
            ssl_context=self.authority,
            **options,
        )

    def url(self, path: str = "/client.json", *, name: str = NAME) -> str:
        return f"https://{name}:{self.port}{path}"


class Resolver:
    """Gives one answer after the other, the last one for ever."""

    def __init__(self, answers: Sequence[Sequence[Address]]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[Address]:
        self.asked.append(name)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


@asynccontextmanager
async def open_host(folder: Path) -> AsyncGenerator[Host]:
    host = Host()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*write_certificate(folder))
    host.authority.load_verify_locations(folder / "certificate.pem")

    def note(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        host.names.append(name)

    served.sni_callback = note
    server = await asyncio.start_server(host.serve, str(HERE), 0, ssl=served)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the two names and for 127.0.0.1, its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName(OTHER_NAME), x509.IPAddress(HERE)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
