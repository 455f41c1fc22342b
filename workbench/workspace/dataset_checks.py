"""Whether a dataset fits prompts, a schema and models' windows, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import DatasetError
from workbench.evals.datasets.fit import Asked, Fit, Windows, check_cases
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.types import ModelSpec

if TYPE_CHECKING:
    from workbench.evals.plan import Plan
    from workbench.workspace import Workspace


def windows_of(models: Sequence[ModelSpec], prices: PriceBook) -> list[tuple[ModelSpec, int]]:
    """Return the models whose window is known, with the tokens that they read."""
    found = []
    for model in models:
        # Behind another address a model of the same name may be another one.
        entry = None if model.recorded or model.api_base else prices.entry(model.id)
        window = (entry or {}).get("max_input_tokens")
        if isinstance(window, int) and window > 0:
            found.append((model, window))
    return found


def check_dataset(
    ws: Workspace,
    ref: str,
    *,
    prompts: Sequence[str] = (),
    models: Sequence[str] = (),
    schema: Mapping[str, dict[str, Any]] | None = None,
    **told: Any,
) -> Fit:
    """Check every row of a dataset; nobody is asked.

    Args:
        ws: The workspace.
        ref: The dataset, as `Datasets.find` reads it; a suite brings its prompts, models and schema.
        prompts: Selectors to check against in place of the suite's.
        models: Models whose windows are looked at in place of the suite's.
        schema: JSON Schemas by part (``vars``, ``expected``, ``metadata``) in place of the suite's.
        told: How to read a file.

    Raises:
        DatasetError: It cannot be read at all.
    """
    found = ws.datasets.find(ref, **told)
    suite = ws.suites.load(found.suite) if found.suite else None
    selectors = list(prompts) or list(suite.prompts if suite else ())
    versions = [ws.prompts.get(_beside(suite, text)) for text in selectors]
    contents = {version.title: version.prompt for version in versions}
    named = [ModelSpec(name) for name in models] or list(suite.models if suite else ())
    if not named:
        named = [ModelSpec(name) for name in dict.fromkeys(p.model for p in contents.values()) if name]
    asked = Asked(contents, schema if schema is not None else suite.schema if suite else {})
    windows = Windows(contents, windows_of(named, load_prices(ws.root)))
    return check_cases(found.open(), asked, windows)


def _beside(suite: Any, selector: str) -> str:
    beside = suite.folder / selector if suite is not None and suite.folder else None
    return (
        str(beside)
        if beside is not None and selector.endswith((".yml", ".yaml")) and beside.exists()
        else selector
    )


def check_windows(plan: Plan, root: Path) -> list[str]:
    """Return a warning for each case of a plan that may be longer than a model's window.

    Raises:
        DatasetError: Some case certainly is, so that its calls could only fail.
    """
    models = windows_of(plan.models, load_prices(root))
    if not models:
        return []
    prompts = {pinned.title: pinned.prompt for pinned in plan.prompts}
    fit = check_cases(plan.cases, Asked({}), Windows(prompts, models))
    errors = [misfit for misfit in fit.misfits if misfit.error]
    if errors:
        others = f", and so are {fit.bad_rows - 1:,} more" if fit.bad_rows > 1 else ""
        raise DatasetError(
            f"Case {errors[0].case_id} is longer than the model reads ({errors[0].message}){others}",
            hint="shorten or leave out what `workbench dataset check` lists",
        )
    return [f"Case {misfit.case_id} may be too long: {misfit.message}." for misfit in fit.misfits]
