"""A dataset of a million rows: time and peak memory of each command on it, as processes of their own.

Usage: million_rows.py [ROWS [FOLDER]]
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMPT = """\
name: ask
messages:
  - {role: user, content: "Which team handles this? {{message}}"}
x-workbench: {variables: {message: {type: string}}}
"""
SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "si", "to", "ve", "zu"]
WORDS = ["".join(parts) for parts in itertools.product(SYLLABLES, repeat=4)]
FREQUENT = list(itertools.accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))


def make(folder: Path, rows: int) -> None:
    """Write ``a.jsonl``, and ``b.jsonl`` with one row in 1,000 changed, removed and added.

    Every thousandth row asks just what the one before it asks, and another one has a word of it changed. Words are as
    frequent as in a language (by Zipf's law, of 10,000).
    """
    (folder / "prompts").mkdir(parents=True, exist_ok=True)
    (folder / "prompts" / "ask.prompt.yml").write_text(PROMPT)
    pick, before = random.Random(20), {"message": ""}
    with (folder / "a.jsonl").open("w") as a, (folder / "b.jsonl").open("w") as b:
        for number in range(rows):
            row = {
                "id": f"case-{number}",
                "vars": {"message": " ".join(pick.choices(WORDS, cum_weights=FREQUENT, k=25))},
                "expected": pick.choice(["billing", "delivery", "other"]),
                "metadata": {"topic": pick.choice(WORDS[:20])},
            }
            if number % 1000 == 7:
                row["vars"] = before
            elif number % 1000 == 5:
                words = before["message"].split()
                row["vars"] = {"message": " ".join([*words[:7], "something", *words[8:]])}
            before = row["vars"]
            a.write(json.dumps(row) + "\n")
            if number % 1000 == 1:
                continue
            if number % 1000 == 2:
                row["expected"] = "changed"
            b.write(json.dumps(row) + "\n")
        for number in range(rows // 1000):
            b.write(
                json.dumps({"id": f"new-{number}", "vars": {"message": "new"}, "expected": "other"}) + "\n"
            )


def measure(folder: Path, *arguments: str) -> tuple[float, float, str]:
    """Return seconds, peak MB, and the last line that a command printed."""
    begin = time.perf_counter()
    log = folder / "out.txt"
    with log.open("w") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "workbench", *arguments], cwd=folder, stdout=out, stderr=out
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text().strip()
    if child.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {child.returncode}: {text[-500:]}")
    # Kilobytes on Linux, bytes on macOS.
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return time.perf_counter() - begin, usage.ru_maxrss / scale, text.splitlines()[-1] if text else ""


STEPS = (
    ("import (read and hash)", ("dataset", "show", "a.jsonl", "--cases", "0")),
    ("version (save)", ("dataset", "save", "a.jsonl", "--name", "big")),
    ("split by a field", ("dataset", "split", "a.jsonl", "--by", "topic", "--out", "split.jsonl")),
    (
        "check against a prompt",
        ("dataset", "check", "a.jsonl", "--prompt", "ask", "--model", "openai/gpt-4o"),
    ),
    ("diff of version and file", ("dataset", "diff", "big@1", "b.jsonl", "--cases", "3")),
    ("duplicates", ("dataset", "duplicates", "a.jsonl")),
)


def main() -> None:
    """Make the files and print one line a step."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(made)
        make(folder, rows)
        size = (folder / "a.jsonl").stat().st_size / 1e6
        print(f"{rows:,} rows, {size:.0f} MB")
        for title, arguments in STEPS:
            seconds, peak, said = measure(folder, *arguments)
            print(f"{title:<26} {seconds:7.1f} s {peak:6.0f} MB   {said}", flush=True)


if __name__ == "__main__":
    main()
