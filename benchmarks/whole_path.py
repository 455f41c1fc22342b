"""What a cell costs on the whole path, held against a bare aiohttp loop and against other tools, in the same minutes.

    python benchmarks/whole_path.py [--cells N] [--large N] [--only NAME …] [--promptfoo PATH] [--inspect PYTHON]

A lean server in a process of its own answers after 50 ms. The whole path is a run as everybody starts it: a process
of its own that plans, renders, asks through the gateway, prices, commits each answer with its cache entry, and stores
the scores of three scorers. CPU is that of the whole process, its start included; "more" is what one more cell adds
(from a run of 50 cells). ``--large`` is the size of the run whose memory is held against that of ``--cells``; it asks
a server without delay. promptfoo and Inspect are measured where they are found, and are said to be absent else.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))

from loopback_server import seen, serving
from whole_path_peers import bare_litellm, bare_loop, inspect_ai, promptfoo
from whole_path_runs import Bench, Measured

SMALL = 50


class Table:
    """Prints each row as soon as it is known, and what it is held against."""

    def __init__(self) -> None:
        print(f"{'':42}{'cells':>7}{'wall s':>8}{'ms CPU':>8}{'more':>7}{'MB':>6}   held against")

    def row(self, name: str, found: Measured | None, *, more: float | None = None, held: str = "") -> None:
        """Print one row; None stands for what is not here."""
        if found is None:
            print(f"{name:42}   not installed here", flush=True)
            return
        added = "" if more is None else f"{more:7.2f}"
        print(
            f"{name:42}{found.cells:>7}{found.wall_s:>8.2f}{found.cpu_ms:>8.2f}{added:>7}"
            f"{found.memory_mb:>6.0f}   {held}",
            flush=True,
        )


def held(ratio: float, target: float, what: str) -> str:
    """Say how a ratio stands to its target."""
    return f"{ratio:.2f} × {what}, target {target:g}: {'met' if ratio <= target else 'MISSED'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=5000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", help="some of: floor streams litellm latency memory two peers")
    parser.add_argument("--promptfoo", help="the program, where it is not on the path")
    parser.add_argument("--inspect", help="a Python that has inspect_ai, where it is not this one")
    given = parser.parse_args()
    wanted = set(given.only or ("floor", "streams", "litellm", "latency", "memory", "two", "peers"))
    os.environ["OPENAI_API_KEY"] = "sk-not-a-key"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: nothing is compiled at every start
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, 50 at once"
    )
    table = Table()
    with tempfile.TemporaryDirectory() as folder, serving(0.05) as base:
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(folder) / "compiled"))
        bench = Bench(Path(folder))
        if "floor" in wanted:
            whole_answers(table, bench, base, given.cells)
        if "streams" in wanted:
            streams(table, bench, base, given.cells)
        if "litellm" in wanted:
            through_litellm(table, bench, base, Path(folder), given.cells // 2)
        if "latency" in wanted:
            latency(table, bench)
        if "memory" in wanted:
            memory(table, bench, given.cells, given.large)
        if "two" in wanted:
            two_processes(table, bench, given.cells)
        if "peers" in wanted:
            some = given.cells // 5
            table.row("promptfoo", promptfoo(Path(folder), base, some, given.promptfoo))
            table.row("Inspect", inspect_ai(Path(folder), base, some, given.inspect))


def whole_answers(table: Table, bench: Bench, base: str, cells: int) -> None:
    """The floor, the whole path, and the same again from the cache."""
    floor = bare_loop(base, cells, stream=False)
    table.row("bare aiohttp loop (the floor)", floor)
    small, small_again = bench.run("small", base, SMALL), bench.run("small", base, SMALL)
    whole = bench.run("whole", base, cells)
    floor_again = bare_loop(base, cells, stream=False)
    more = whole.more_than(small)
    wall = 2 * whole.wall_s / (floor.wall_s + floor_again.wall_s)
    cpu = more / ((floor.cpu_ms + floor_again.cpu_ms) / 2)
    table.row("whole path", whole, more=more, held=held(cpu, 5, "the floor's CPU"))
    table.row("  its wall time", whole, held=held(wall, 2, "the floor's wall"))
    table.row("bare aiohttp loop, again", floor_again)
    cached = bench.run("whole", base, cells)
    more = cached.more_than(small_again)
    table.row("the same from the cache", cached, more=more, held=held(more, 0.5, "a millisecond"))


def streams(table: Table, bench: Bench, base: str, cells: int) -> None:
    """Streams, held against the bare loop and against whole answers."""
    whole = bench.run("beside streams", base, cells)
    floor = bare_loop(base, cells, stream=True)
    small = bench.run("small streams", base, SMALL, params="{stream: true}")
    streamed = bench.run("streams", base, cells, params="{stream: true}")
    table.row("streams: bare aiohttp loop", floor)
    table.row("whole answers beside them", whole)
    against = held(streamed.wall_s / whole.wall_s, 2, "whole answers")
    table.row("streams: whole path", streamed, more=streamed.more_than(small), held=against)


def through_litellm(table: Table, bench: Bench, base: str, folder: Path, cells: int) -> None:
    """What one more call through LiteLLM costs, held against what one more costs LiteLLM alone.

    Rounds in turn; the least of each is compared, because what else runs on a machine only ever adds.
    """
    env = {"WORKBENCH_LLM_ROUTE": "litellm"}
    bare_litellm(folder, base, SMALL)  # compiles what it imports, which no later start has to do
    bench.run("first litellm", base, SMALL, env=env)
    few = min((bare_litellm(folder, base, SMALL) for _ in range(3)), key=_cpu)
    small = min((bench.run(f"small litellm {n}", base, SMALL, env=env) for n in range(3)), key=_cpu)
    alone_ms: list[float] = []
    whole_ms: list[float] = []
    for turn in range(4):
        alone = bare_litellm(folder, base, cells)
        whole = bench.run(f"litellm {turn}", base, cells, env=env)
        alone_ms.append(alone.more_than(few))
        whole_ms.append(whole.more_than(small))
        table.row("LiteLLM alone", alone, more=alone_ms[-1])
        table.row("whole path through LiteLLM", whole, more=whole_ms[-1])
    middle = median(whole / alone for whole, alone in zip(whole_ms, alone_ms, strict=True))
    found = held(min(whole_ms) / min(alone_ms), 1.3, "its CPU, least of four")
    table.row("  least against least", whole, held=f"{found}; the median round {middle:.2f} ×")


def _cpu(measured: Measured) -> float:
    return measured.cpu_s


def latency(table: Table, bench: Bench) -> None:
    """What is recorded of a server that takes 500 ms, held against what the server says itself."""
    with serving(0.5) as slow:
        found = bench.run("latency", slow, 1000)
        true = seen(slow)["p50_s"] or 0.5
    recorded = bench.latency_p50("latency")
    off = abs(recorded / true - 1)
    words = f"p50 {recorded * 1000:.1f} ms for a true {true * 1000:.1f}; {held(off, 0.05, 'off')}"
    table.row("a server that takes 500 ms", found, held=words)
    if found.message:
        print(f"{'':42}   the run says: {found.message}")


def memory(table: Table, bench: Bench, cells: int, large: int) -> None:
    """Peak memory of few and of many cells, at a server without delay."""
    with serving(0.0) as quick:
        few = bench.run("few", quick, cells)
        table.row("without delay", few, held=held(few.memory_mb, 200, "a MB"))
        repeats = max(1, large // cells)
        many = bench.run("many", quick, cells, repeats=repeats)
        words = f"{many.memory_mb - few.memory_mb:+.0f} MB; " + held(
            many.memory_mb / few.memory_mb, 1.2, "its memory"
        )
        table.row(f"without delay, {repeats} repeats", many, held=words)


def two_processes(table: Table, bench: Bench, cells: int) -> None:
    """Two runs at once, held against one: at a server without delay, so that the client is what limits.

    Server and processes share the CPUs, so beside the wall time stands what a CPU second answers: where a second
    process costs no more CPU a cell than the first, only the machine limits what it adds.
    """
    with serving(0.0) as quick:
        one = bench.run("one", quick, cells)
        both = bench.run_together(["first", "second"], quick, cells)
    kept = one.cpu_ms / both.cpu_ms
    table.row("one process", one, held=f"{1000 / one.cpu_ms:.0f} cells a CPU second")
    table.row(
        "two processes",
        both,
        held=f"{1000 / both.cpu_ms:.0f} cells a CPU second: {2 * kept:.2f} × on CPUs of their own, target 1.7: "
        f"{'met' if 2 * kept >= 1.7 else 'MISSED'}; {2 * one.wall_s / both.wall_s:.2f} × by the wall here",
    )


if __name__ == "__main__":
    main()
