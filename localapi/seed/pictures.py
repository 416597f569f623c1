"""Draws the sample workspace's pictures, so that no binary lies in the repository."""

from io import BytesIO

from PIL import Image, ImageDraw

_COLOURS = {"latte.jpg": ("#6f4e37", "#e8d5b7"), "logo.png": ("#1f3a5f", "#f2f2f2")}


def picture(filename: str, size: tuple[int, int]) -> bytes:
    """A cup seen from above, as the format that the file's name says."""
    ground, figure = _COLOURS[filename]
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.ellipse((width * 0.2, height * 0.2, width * 0.8, height * 0.8), fill=figure)
    draw.ellipse((width * 0.3, height * 0.3, width * 0.7, height * 0.7), fill=ground)
    out = BytesIO()
    image.save(out, "JPEG" if filename.endswith(".jpg") else "PNG")
    return out.getvalue()
