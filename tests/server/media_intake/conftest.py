"""What the tests of `add_media` share: the API behind it has its own tests on either database."""

import pytest


@pytest.fixture
def database() -> str:
    return "sqlite"
