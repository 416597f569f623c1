"""Writes what is generated: `python -m tools.docs`, or with `--check` fails when something is stale."""

import json
import sys
import tomllib
from pathlib import Path

from tools import definitions
from tools.registry import operations
from tools.surfaces import CORE

ROOT = Path(__file__).parents[1]
START, END = "<!-- generated:start -->\n", "<!-- generated:end -->\n"


def table() -> str:
    """One row an operation, for the README."""
    rows = [f"| `{row.name}` | `{row.endpoint}` | {row.scope} | {row.effect} | {row.title} |\n" for row in operations()]
    return "| Tool | Endpoint | Scope | Effect | What it does |\n| --- | --- | --- | --- | --- |\n" + "".join(rows)


def choices() -> str:
    """What was decided where the API's documents disagree."""
    rows = [f"| `{row.name}` | {choice} |\n" for row in operations() for choice in row.choices]
    return "| Tool | Choice |\n| --- | --- |\n" + "".join(rows)


def between_marks(text: str, generated: str) -> str:
    """The text with what lies between its marks replaced."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}{generated}{END}{after}"


def manifest(text: str) -> str:
    """The desktop bundle's manifest with the present version, and the tools that are listed at first."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    content = json.loads(text)
    content["version"] = version
    table = definitions.definitions()
    content["tools"] = [{"name": name, "description": table[name]["tool"]["description"]} for name in CORE]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def generated() -> dict[Path, str]:
    """File → what it should say."""
    readme, local, bundle = ROOT / "README.md", ROOT / "docs" / "local-api.md", ROOT / "manifest.json"
    return {
        definitions.FILE: definitions.generate(),
        readme: between_marks(readme.read_text(encoding="utf-8"), table()),
        local: between_marks(local.read_text(encoding="utf-8"), choices()),
        bundle: manifest(bundle.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write, or check."""
    stale = [
        (path, text)
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"stale: {', '.join(path.name for path, _ in stale)}; run `make generate`")
        return
    for path, text in stale:
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
