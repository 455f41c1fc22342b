"""What was spent and answered before: the past of a prompt, for estimates."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from workbench.store.base import Repository
from workbench.store.tables import completions, runs

#: How many runs back a prompt's past is looked for, and how many answers of each are read.
RUNS_LOOKED, ANSWERS_READ = 50, 500


class SpendingRepository(Repository):
    """Reads what estimates rest on."""

    def output_tokens(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
        """Return the output tokens of earlier answers by ``(prompt, model id)``, any version, newest runs first."""
        found: dict[tuple[str, str], list[int]] = {pair: [] for pair in pairs}
        query = sa.select(runs.c.id, runs.c.plan).where(runs.c.done > 0)
        with self._read() as connection:
            past = connection.execute(query.order_by(runs.c.created_at.desc()).limit(RUNS_LOOKED)).all()
            for run_id, plan in past:
                for model_index, model in enumerate(plan["models"]):
                    for prompt_index, prompt in enumerate(plan["prompts"]):
                        known = found.get((prompt["name"], model["id"]))
                        if known is None or model.get("outputs") or len(known) >= ANSWERS_READ:
                            continue
                        usages = connection.scalars(
                            sa.select(completions.c.usage)
                            .where(
                                completions.c.run_id == run_id,
                                completions.c.prompt_index == prompt_index,
                                completions.c.model_index == model_index,
                                completions.c.error.is_(None),
                            )
                            .limit(ANSWERS_READ)
                        )
                        known.extend(usage["output"] for usage in usages if usage.get("output") is not None)
        return found
