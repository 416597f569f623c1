"""What the OAuth endpoints answer when they refuse: the codes of RFC 6749 §4.1.2.1 and §5.2, and of its extensions."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class OAuthError(Exception):
    """A refusal that a client is told of.

    `code` is of a registry; `description` is our own sentence, in the characters of RFC 6749 §5.2, never a stranger's
    text; `status` is the HTTP status at the token endpoint.
    """

    code: str
    description: str
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super().__init__(self.code)

    def body(self) -> dict[str, str]:
        """The JSON members (RFC 6749 §5.2)."""
        return {"error": self.code, "error_description": self.description}


class NotForTheClient(Exception):
    """A refusal that is shown to the person, because it is not known whether the client's address can be trusted."""

    def __init__(
        self,
        title: str,
        text: str,
        *,
        advice: str | None = None,
        status: int = 400,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(title)
        self.title, self.text, self.advice, self.status = title, text, advice, status
        self.headers = {} if retry_after_seconds is None else {"Retry-After": str(_whole_seconds(retry_after_seconds))}


def invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description)


def invalid_grant(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


def invalid_scope(description: str) -> OAuthError:
    return OAuthError("invalid_scope", description)


def invalid_target(description: str) -> OAuthError:
    """RFC 8707 §2."""
    return OAuthError("invalid_target", description)


def invalid_client(description: str, *, tried_basic: bool = False) -> OAuthError:
    """RFC 6749 §5.2: 401 with a challenge if the client used the Authorization header, else 400."""
    if not tried_basic:
        return OAuthError("invalid_client", description)
    return OAuthError("invalid_client", description, 401, {"WWW-Authenticate": 'Basic realm="oauth", charset="UTF-8"'})


def too_many(seconds: float, *, code: str = "temporarily_unavailable") -> OAuthError:
    """RFC 6585 §4."""
    wait = _whole_seconds(seconds)
    description = f"too many requests; try again in {wait} seconds"
    return OAuthError(code, description, 429, {"Retry-After": str(wait)})


def _whole_seconds(seconds: float) -> int:
    return max(1, -(-round(seconds * 1000) // 1000))
