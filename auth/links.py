"""Which grant stands behind a person of an enterprise: found by issuer, subject and tenant, which name one person."""

from auth.records import digest


def link_id(issuer: str, subject: str, tenant: str = "") -> str:
    """The grant's id; the parts are separated by a character that none of them holds."""
    return f"gl_{digest(chr(0).join((issuer, subject, tenant))).hex()[:32]}"
