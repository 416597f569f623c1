"""How often the search finds the operation that a plain-language request needs, and how long it takes.

`.venv/bin/python bench/discovery/run.py` judges `requests.tsv`. Misses are shown for the parts that words are tuned
on (`tuning`, `tuning_2` and so on); `--all` shows the others too, after which they are no longer held out. `unseen_2`
was written before the tuning that `tuning_2` to `tuning_4` stand for, by the hand that then did it; `fresh` after it.
"""

import csv
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from server.discovery import find  # noqa: E402

ROUNDS = 5


def anything(name: str) -> bool:
    return True


def rank(request: str, operation: str) -> int:
    """The place of the operation among all, from 1."""
    names = [match.name for match in find(request, anything, limit=200)]
    return names.index(operation) + 1 if operation in names else 999


def taken_milliseconds(request: str) -> float:
    started = time.perf_counter()
    find(request, anything)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    with (Path(__file__).parent / "requests.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    started = time.perf_counter()
    find("", anything)
    print(f"index made in {(time.perf_counter() - started) * 1000:.0f} ms")
    parts: dict[str, list[int]] = defaultdict(list)
    misses: list[tuple[int, str]] = []
    for row in rows:
        place = rank(row["request"], row["operation"])
        for part in ("all", row["part"], "English" if row["language"] == "en" else "other languages"):
            parts[part].append(place)
        if place > 1 and (row["part"].startswith("tuning") or "--all" in sys.argv):
            first = find(row["request"], anything, limit=1)
            misses.append(
                (place, f"{row['request']} → {row['operation']}, got {first[0].name if first else 'nothing'}")
            )
    print(f"{'part':16}{'requests':>10}{'first':>8}{'among 3':>9}{'among 6':>9}")
    for part, places in parts.items():
        shares = [sum(place <= top for place in places) / len(places) for top in (1, 3, 6)]
        print(f"{part:16}{len(places):>10}{shares[0]:>8.1%}{shares[1]:>9.1%}{shares[2]:>9.1%}")
    times = sorted(taken_milliseconds(row["request"]) for _ in range(ROUNDS) for row in rows)
    print(f"time: median {statistics.median(times):.2f} ms, 99 of 100 below {times[len(times) * 99 // 100]:.2f} ms")
    for place, miss in sorted(misses, reverse=True):
        print(f"{place:>4}  {miss}")


if __name__ == "__main__":
    main()
