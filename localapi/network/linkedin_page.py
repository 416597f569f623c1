"""LinkedIn organisation pages: as for members, with comments and without connections."""

from dataclasses import replace

from localapi.network import linkedin
from localapi.network.platform import CommentCapabilities

PROFILE = replace(
    linkedin.PROFILE,
    slug="linkedin_page",
    name="LinkedIn page",
    visibilities=("public", "logged_in"),
    comments=CommentCapabilities(list=True, reply=True, delete="all", hide=True, like=True),
    metrics=(),
)
