"""Takes a picture of every page of the running product that a person opens, as docs/images keeps them.

Light, dark, and on a phone. It walks as the tests do, so run it as a module, where those can be found:
python -m scripts.screenshots.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, ViewportSize

from tests.e2e.browsers import started_browser
from tests.e2e.person_tour import walk as person_pages
from tests.e2e.tour import place, walk

FOLDER = Path(__file__).parents[1] / "docs" / "images"
COLOURS = 32


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    scheme: Literal["light", "dark"]
    window: ViewportSize


LOOKS: Mapping[str, Look] = {
    "light": Look("light", {"width": 800, "height": 500}),
    "dark": Look("dark", {"width": 800, "height": 500}),
    "phone": Look("light", {"width": 390, "height": 600}),
}


def main() -> int:
    """Replace the pictures; needs Chromium and a free port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="of the server, whose address some pages show")
    port = parser.parse_args().port
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, started_browser() as browser, place(Path(folder), port=port) as here:
        context = browser.new_context()
        pictures = dict(_pictures(walk(here, context)))
        context.close()
        # Somebody who is not signed in yet.
        page = browser.new_page()
        pictures |= _pictures((name, page) for name in person_pages(here, page))
    for file in FOLDER.glob("*.png"):
        file.unlink()
    for name, content in pictures.items():
        (FOLDER / f"{name}.png").write_bytes(content)
    sys.stdout.write(f"{len(pictures)} pictures, {sum(map(len, pictures.values())) // 1000} kB\n")
    return 0


def _pictures(places: Iterable[tuple[str, Page]]) -> Iterator[tuple[str, bytes]]:
    for name, page in places:
        for look_name, look in LOOKS.items():
            page.emulate_media(color_scheme=look.scheme)
            page.set_viewport_size(look.window)
            yield f"{name}-{look_name}", _small(page.screenshot(full_page=True, animations="disabled"))


def _small(png: bytes) -> bytes:
    """The same picture with few colours: the pages have hardly more, besides the edges of letters."""
    out = BytesIO()
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
