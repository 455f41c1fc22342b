"""How long ``workbench --help`` takes, held against starting Python and doing nothing.

    python benchmarks/help_speed.py [--rounds N]

Both are started in turn, so that a busy moment of the machine meets both, and their medians are divided. The target
is a ratio under 3. Exits with 1 where it is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

TARGET = 3.0


def seconds(command: list[str]) -> float:
    """Return the wall time of one call."""
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def measure(rounds: int) -> tuple[float, float]:
    """Return the median seconds of Python doing nothing and of the help."""
    script = Path(sys.executable).with_name("workbench")
    help_command = (
        [str(script), "--help"] if script.exists() else [sys.executable, "-m", "workbench", "--help"]
    )
    nothing_command = [sys.executable, "-c", "pass"]
    for command in (nothing_command, help_command):
        seconds(command)  # the first start reads the disk
    nothing, helped = [], []
    for _ in range(rounds):
        nothing.append(seconds(nothing_command))
        helped.append(seconds(help_command))
    return statistics.median(nothing), statistics.median(helped)


def main() -> int:
    """Measure, print, and say whether the target is met."""
    parser = argparse.ArgumentParser(description="Measure how long `workbench --help` takes.")
    parser.add_argument("--rounds", type=int, default=40, help="how often each is started")
    rounds = parser.parse_args().rounds
    nothing, helped = measure(rounds)
    ratio = helped / nothing
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, {rounds} rounds, medians")
    print(f"python -c pass    {nothing * 1000:7.1f} ms")
    print(f"workbench --help  {helped * 1000:7.1f} ms")
    print(f"ratio             {ratio:7.2f}   (target: under {TARGET:g})")
    return 0 if ratio < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
