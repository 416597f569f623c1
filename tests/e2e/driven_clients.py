"""The official MCP clients, each in a process of its own, told what to do line by line."""

import json
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Literal, get_args

from tests.e2e.node import INTEROP, node
from tests.e2e.people import Decide

Kind = Literal["python", "typescript-1", "typescript-2"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NAMES: Mapping[str, str] = {
    "python": "Python SDK",
    "typescript-1": "TypeScript SDK 1",
    "typescript-2": "TypeScript SDK 2",
}
"""What each registers as."""
SECONDS = 60
"""After which a client counts as hanging."""


@dataclass
class DrivenClient:
    process: subprocess.Popen[str]

    def call(self, tool: str, arguments: Mapping[str, Any], *, person: Decide | None = None) -> dict[str, Any]:
        """Call a tool; `person` answers if the client wants a sign-in, which without one must not happen."""
        return self._result({"call": tool, "arguments": arguments}, person)

    def refused(self, tool: str, arguments: Mapping[str, Any], *, person: Decide) -> str:
        """Call a tool that cannot be called any more: what the client makes of it."""
        answer = self._ask({"call": tool, "arguments": arguments}, person)
        assert "error" in answer, answer
        return str(answer["error"])

    def tokens(self) -> dict[str, Any]:
        """The client's tokens, and its `client_id`."""
        return self._result({"tokens": True}, None)

    def expire(self) -> None:
        """Let the time of the client's access token be over, where a client goes by the time."""
        self._result({"expire": True}, None)

    def _result(self, command: dict[str, Any], person: Decide | None) -> dict[str, Any]:
        answer = self._ask(command, person)
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _ask(self, command: dict[str, Any], person: Decide | None) -> dict[str, Any]:
        answer = self._exchange(command)
        while "open" in answer:
            assert person is not None, "the client wants a sign-in"
            answer = self._exchange({"callback": person(answer["open"])})
        return answer

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        hangs = Timer(SECONDS, self.process.kill)
        hangs.start()
        line = self.process.stdout.readline()
        hangs.cancel()
        assert line, "the client ended, or hung"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def driven_client(kind: Kind, config: Mapping[str, str]) -> Generator[DrivenClient]:
    """Start a client for `server`, `redirect` and maybe `document`."""
    if kind == "python":
        command = [sys.executable, str(Path(__file__).with_name("sign_in_client.py")), json.dumps(config)]
    else:
        generation = int(kind[-1])
        script = str(INTEROP / "sign_in_client.mjs")
        command = [
            *node("@modelcontextprotocol/sdk", "@modelcontextprotocol/client"),
            script,
            json.dumps({**config, "generation": generation}),
        ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield DrivenClient(process)
        finally:
            process.kill()
