"""What stands before and after the prompts: for all tests alike in the prompts, for single tests in variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.formats.promptfoo.findings import Findings
from workbench.formats.promptfoo.nunjucks import Unsupported, render
from workbench.formats.promptfoo.rows import ConfigTest

Around = Callable[[str], str]


@dataclass(frozen=True)
class Affixes:
    """How the text of each prompt is completed. ``names`` are the variables of the tests, where they differ."""

    before: str = ""
    after: str = ""
    names: tuple[str, str] | None = None

    def around(self, text: str) -> str:
        """Return a prompt's text with what stands around it."""
        return f"{self.before}{text}{self.after}"


def affixes(tests: Sequence[ConfigTest]) -> Affixes:
    """Return what the prompts of a config need so that each test has its ``prefix`` and ``suffix``."""
    found = {_affixes_of(test) for test in tests}
    if len(found) < 2:
        return Affixes(*(found.pop() if found else ("", "")))
    taken = {name for test in tests for name in test.values}
    names = _free("_prefix", taken), _free("_suffix", taken)
    before = f"{{{{{names[0]}}}}}" if any(one[0] for one in found) else ""
    after = f"{{{{{names[1]}}}}}" if any(one[1] for one in found) else ""
    return Affixes(before, after, names)


def with_affixes(
    tests: Iterable[ConfigTest], own: Affixes, findings: Findings, *, chats: bool
) -> tuple[ConfigTest, ...]:
    """Return the tests with their own prefix and suffix among the variables, filled in as promptfoo does.

    Args:
        tests: The tests.
        own: What the prompts stand between.
        findings: Takes what cannot be filled in.
        chats: Whether some prompt is a list of messages, around which nothing can stand.
    """
    if own.names is None:
        return tuple(tests)
    done = []
    for test in tests:
        given, added = _affixes_of(test), {}
        for name, text, used in zip(own.names, given, (own.before, own.after), strict=True):
            if not used:
                continue
            try:
                added[name] = render(text, test.values)
            except Unsupported as problem:
                added[name] = text
                findings.difference(
                    f"the prefix or suffix of a test holds {problem}, which stays text here", test.place
                )
        if chats and any(given):
            findings.loss(
                "the prefix or suffix of one test is left away around prompts that are lists of messages",
                test.place,
            )
        done.append(replace(test, vars={**test.vars, **added}))
    return tuple(done)


def _affixes_of(test: ConfigTest) -> tuple[str, str]:
    return str(test.options.get("prefix") or ""), str(test.options.get("suffix") or "")


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
