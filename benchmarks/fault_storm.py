"""A run of 5,000 cells against a server in trouble: what comes back, at what price in calls and memory.

    python benchmarks/fault_storm.py [--cells N]

The server refuses 20 % of the calls (429 with Retry-After), fails 10 % (500), lets 5 % hang, cuts 5 % in the middle,
and answers 2 % with malformed JSON and 1 % with nothing. Half of the cells are streamed.

Exits with 1 where a cell has no outcome, a call was repeated after it was answered, more than 1.5 times the least
possible number of calls was made, or memory grew by 25 MB or more after the first third.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.fault_storm import weather


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=5000)
    cells = parser.parse_args().cells // 2 * 2
    with tempfile.TemporaryDirectory() as folder:
        seen = weather(Path(folder), cases=cells // 2)
    print(seen)
    good = (
        seen.ended.status == "complete"
        and len(seen.cells) == cells
        and seen.asked_after_answered == 0
        and seen.received <= 1.5 * seen.least_calls
        and seen.growth_mb < 25
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
