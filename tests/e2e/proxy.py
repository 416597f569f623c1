"""A round-robin proxy of the tests' own, in a thread: each request goes to another process than the one before."""

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OF_THE_CONNECTION = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that was answered, and by the process at which port."""

    port: int
    method: str
    path: str
    status: int


@dataclass
class RoundRobin:
    """Listens on loopback from the start; `ports` are those of the processes, one of which may be away for a while."""

    ports: list[int] = field(default_factory=list[int])
    passed: list[Passed] = field(default_factory=list[Passed])
    _turn: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.pass_on(self)

            def do_POST(self) -> None:
                proxy.pass_on(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """What everybody is told: SOCIALAPI_PUBLIC_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        """Send a request on as it is, `Host` included, and its answer back."""
        body = asked.rfile.read(int(asked.headers.get("content-length") or 0))
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "connection"}
        for _ in self.ports:
            port = self._next()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.request(asked.command, asked.path, body, headers)
            except ConnectionRefusedError:
                # As every proxy does that finds a process away. Nothing was sent, so nothing happens twice.
                continue
            answer = connection.getresponse()
            content = answer.read()
            self.passed.append(Passed(port, asked.command, asked.path.partition("?")[0], answer.status))
            _reply(asked, answer, content)
            connection.close()
            return
        asked.send_error(502)

    def _next(self) -> int:
        with self._lock:
            self._turn += 1
            return self.ports[self._turn % len(self.ports)]


def _reply(asked: BaseHTTPRequestHandler, answer: http.client.HTTPResponse, content: bytes) -> None:
    asked.send_response_only(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in _OF_THE_CONNECTION:
            asked.send_header(name, value)
    asked.send_header("Content-Length", str(len(content)))
    asked.end_headers()
    asked.wfile.write(content)
