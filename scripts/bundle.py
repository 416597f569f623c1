"""`make bundle`: packs the desktop bundle dist/socialapi-mcp.mcpb."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = ("manifest.json", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
FOLDERS = ("server", "tools", "auth", "localapi")


def pack(target: Path) -> None:
    """Write the bundle: the four packages and what uv needs to build them; never what git ignores."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", *FILES, *FOLDERS]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(set(listed.stdout.splitlines())):
            # A file that was deleted but not committed is still listed.
            if (ROOT / name).is_file():
                bundle.write(ROOT / name, name)


if __name__ == "__main__":
    place = ROOT / "dist" / "socialapi-mcp.mcpb"
    pack(place)
    sys.stdout.write(f"{place.relative_to(ROOT)}: {place.stat().st_size // 1024} kB\n")
