"""JSON lines on standard error, without secrets."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_SECRETS = re.compile(
    r"sapi_key_[0-9A-Za-z]+"
    # Codes, tokens and client secrets of sign-ins; JWTs.
    r"|\b(?:rt|ac|cs)_[A-Za-z0-9_-]{20,}|\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){1,2}"
    r"|(?i:(?<=bearer ))[^\s\"']+|\b\d{6,}:[A-Za-z0-9_-]{20,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
# As a query, as JSON and as Python prints a dictionary.
_NAMED = re.compile(
    r"((?:client_secret|client_assertion|code_verifier|access_token|refresh_token|api_key|password|csrf)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text with keys, tokens and passwords blacked out."""
    return _NAMED.sub(r"\1[redacted]", _SECRETS.sub("[redacted]", text))


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            entry["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str) -> None:
    """Send every logger to standard error; standard output belongs to the protocol."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("socialapi_mcp").setLevel(level.upper())
