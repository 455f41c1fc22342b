"""What a run is going to do, told before it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from workbench.analysis.wording import count
from workbench.evals.plan import Plan
from workbench.llm.catalogue import ModelStatus
from workbench.llm.types import ModelSpec
from workbench.ui.views.common import OFFLINE_MODEL, OFFLINE_TEXT, plain
from workbench.ui.views.numbers import money
from workbench.ui.views.run_numbers import Number, strip
from workbench.ui.views.suite_words import gate_words
from workbench.workspace import PromptVersion

#: More versions than this are not described one by one.
SAID_VERSIONS = 4


def version_label(title: str, version: PromptVersion | None, *, newest: bool = False) -> str:
    """Return how a version is offered: its title and labels."""
    if version is None:
        return title
    marks = [*(["newest"] if newest else []), *version.labels]
    return f"{title} · {', '.join(marks)}" if marks else title


def chosen_versions(titles: Sequence[str], known: Mapping[str, PromptVersion | None]) -> None:
    """Draw why each chosen version was saved, the baseline first; many are left to their titles."""
    if not 1 <= len(titles) <= SAID_VERSIONS:
        return
    lines = []
    for title in titles:
        version = known.get(title)
        message = version.message if version is not None and version.message else "no message"
        lines.append(f"{plain(title)}: {plain(message[:120])}")
    st.caption("  \n".join(lines))


def what_will_happen(
    plan: Plan, *, kept: int | None, status: Callable[[str], ModelStatus | None], units: dict
) -> None:
    """Draw a plan in numbers and sentences.

    Args:
        plan: What would run.
        kept: How many answers the cache holds, or None where it is not used or not counted.
        status: Tells what is known of a model, by its id.
        units: The unit of each scorer.
    """
    asked = sum(_asked(plan, model) for model in plan.models)
    upto = "up to " if kept is None and asked else ""
    new = asked - (kept or 0)
    strip(
        [
            Number("Cells", f"{len(plan):,}"),
            Number("Answers asked", f"{upto}{new:,}", f"{kept:,} are in the cache" if kept else ""),
        ]
    )
    product = [
        count(len(plan.cases), "case"),
        count(len(plan.prompts), "version"),
        count(len(plan.models), "model"),
        count(plan.repeats, "repeat"),
    ]
    st.markdown(plain(" × ".join(product)))
    for model in plan.models:
        st.markdown("- " + plain(_model_words(plan, model, status(model.id))))
    if plan.gate is not None:
        st.markdown("- Gate: " + plain(gate_words(plan.gate, units)))
    elif len(plan.prompts) > 1 or len(plan.models) > 1:
        st.markdown("- No gate holds these versions against each other; compare them afterwards.")


def _asked(plan: Plan, model: ModelSpec) -> int:
    return 0 if model.recorded else _answers(plan, model)


def _answers(plan: Plan, model: ModelSpec) -> int:
    place = plan.models.index(model)
    return plan.repeats * sum(len(plan.cases_of(prompt, place)) for prompt in range(len(plan.prompts)))


def _model_words(plan: Plan, model: ModelSpec, status: ModelStatus | None) -> str:
    number = _answers(plan, model)
    if model.recorded:
        return f"{count(number, 'answer')} of {model.name} are read from {model.outputs}; nobody is asked."
    if model.id == OFFLINE_MODEL:
        return f"{count(number, 'answer')} by {OFFLINE_TEXT}: free, on this machine."
    return f"{count(number, 'answer')} by {model.name}: {_price(status)}."


def _price(status: ModelStatus | None) -> str:
    if status is not None and status.local:
        return "on this machine"
    if status is None or status.input_usd_per_million is None or status.output_usd_per_million is None:
        return "its price is unknown here"
    asked, told = money(status.input_usd_per_million), money(status.output_usd_per_million)
    return f"{asked} for a million tokens in, {told} out"


def newest_titles(titles: Mapping[str, PromptVersion | None]) -> Sequence[str]:
    """Return the title of each prompt's newest version."""
    newest: dict[str, PromptVersion] = {}
    for version in titles.values():
        if version is not None and version.number > getattr(newest.get(version.name), "number", 0):
            newest[version.name] = version
    return [version.title for version in newest.values()]
