"""What people's labels say of a scorer and of what it found, a line each, for the terminal, the app and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.analysis.wording import amount, count, difference, interval, p_text


def label_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the labels of a run or of a comparison say as sentences; nothing is formatted or escaped."""
    lines: list[str] = []
    for one in found:
        name = one["scorer"]
        lines += [f"{name}: {said}" for said in (*_corrected(one), *_agreement(one["agreement"]))]
    return lines


def _corrected(one: Mapping[str, Any]) -> Iterator[str]:
    if "difference" in one:
        yield from _difference(one["difference"])
        means = [one[side]["corrected"] for side in ("a", "b")]
        if all(means):
            yield f"A has {_mean(means[0])} as people see it, B {_mean(means[1])}."
        return
    for version in one["versions"]:
        number = f"@{version['version']}" if version["version"] else ""
        who = f"{version['prompt']}{number} with {version['model']}"
        found = version["corrected"]
        if found:
            yield (
                f"{who} has {_mean(found)} as people see it, {amount(found['raw'])} by the scorer; "
                f"{found['labelled']:,} of {count(found['n'], 'case')} labelled."
            )
        if version["note"]:
            yield f"{who}: {version['note']}"


def _mean(found: Mapping[str, Any]) -> str:
    value = amount(min(1.0, max(0.0, found["value"])))
    return f"{value} ({interval(found['ci_low'], found['ci_high'])})"


def _difference(seen: Mapping[str, Any]) -> Iterator[str]:
    found = seen["corrected"]
    if found:
        around = interval(found["ci_low"], found["ci_high"], signs=True)
        yield (
            f"corrected by people's labels the difference is {difference(found['value'])} (95 % interval {around}; "
            f"{p_text(found['p'])}), {difference(found['raw'])} by the scorer; "
            f"{found['labelled']:,} of {count(found['n'], 'case')} labelled on both sides."
        )
    if seen["note"]:
        yield seen["note"]


def _agreement(found: Mapping[str, Any]) -> Iterator[str]:
    kappa = found["kappa"]
    said = count(found["answers"], "labelled answer")
    if found["raters"] > 1:
        said = f"{count(found['labels'], 'label')} by {found['raters']:,} people of {count(found['answers'], 'answer')}"
    if found["unscored"]:
        said += f" (and {found['unscored']:,} that the scorer has no value of)"
    if kappa:
        said = f"it says what people say on {100 * kappa['agreed']:.0f} % of {said}, kappa {_kappa(kappa)}"
        lenient, strict = (f"{found[name]:,}" for name in ("passed_wrongly", "failed_wrongly"))
        said += f"; it passed {lenient} that people failed, and failed {strict} that they passed"
    elif found["bias"] is not None:
        said = f"on {said} it is {difference(found['bias'])} from people on average"
    among = found["among"]
    yield said + (f"; people among themselves have kappa {_kappa(among)}." if among else ".")


def _kappa(found: Mapping[str, Any]) -> str:
    if found["kappa"] is None:
        return "unknown, as all said the same"
    return f"{found['kappa']:.2f} ({found['ci_low']:.2f} to {found['ci_high']:.2f})"
