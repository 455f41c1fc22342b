"""Every table, as the code reads and writes them. The migrations make them; a test holds the two together."""

from __future__ import annotations

import sqlalchemy as sa

from workbench.store.columns import ToldName, ToldText

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _parent(column: str, target: str) -> sa.Column:
    return sa.Column(column, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)


prompts = sa.Table(
    "prompts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
)

prompt_versions = sa.Table(
    "prompt_versions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _parent("prompt_id", "prompts.id"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column(
        "content", sa.Text, nullable=False
    ),  # the native file, so that reading it needs one reader only
    sa.Column("parent", sa.Integer),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.UniqueConstraint("prompt_id", "number"),
)

label_events = sa.Table(
    "label_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _parent("prompt_id", "prompts.id"),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("number", sa.Integer),  # null: the label was removed
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.UniqueConstraint("prompt_id", "label", "created_at", "number"),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("base", sa.Integer),  # the version it was begun from
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.String(32), nullable=False),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)

dataset_versions = sa.Table(
    "dataset_versions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("about", sa.JSON, nullable=False),
    sa.Column("chunks", sa.JSON, nullable=False),  # keys of dataset_chunks, in order
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.UniqueConstraint("name", "number"),
)

dataset_chunks = sa.Table(
    "dataset_chunks",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),  # JSON lines, compressed with zlib
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("suite", sa.String(200), nullable=False, index=True),
    sa.Column("suite_sha256", sa.String(64), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("errors", sa.Integer, nullable=False, default=0),
    sa.Column("cached", sa.Integer, nullable=False, default=0),
    sa.Column("cost_usd", sa.Float),  # what the answers cost, as far as known
    sa.Column("cost_unknown", sa.Integer, nullable=False, default=0),
    sa.Column(
        "spent_usd", sa.Float, nullable=False, default=0.0
    ),  # new money: no cached and no recorded answers
    sa.Column("max_cost_usd", sa.Float),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("use_cache", sa.Boolean, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("started_at", sa.String(32)),
    sa.Column("finished_at", sa.String(32)),
    sa.Column("active_s", sa.Float, nullable=False, default=0.0),
    sa.Column("heartbeat", sa.Float),  # seconds since the epoch
    sa.Column("worker", sa.String(120)),  # host:pid:token of the process that holds the claim
    sa.Column("cancel_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("message", sa.Text),  # why it stopped early, for people
    sa.Column("gate", sa.JSON),
    sa.Column(
        "held_usd", sa.Float, nullable=False, default=0.0, server_default="0"
    ),  # what the calls in flight may cost
    sa.Column(
        "sequential", sa.JSON
    ),  # of a run until decided: the order of its cases, and what the looks found
    sa.Column("judging_usd", sa.Float, nullable=False, default=0.0, server_default="0"),
    sa.Column("judging_calls", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.Column("judging_unknown", sa.Integer, nullable=False, default=0, server_default="0"),
)
sa.Index("ix_runs_created_at", runs.c.created_at)

spending = sa.Table(
    "spending",
    metadata,
    sa.Column("day", sa.String(10), primary_key=True),  # of UTC
    sa.Column("author", sa.Text, primary_key=True),
    sa.Column("usd", sa.Float, nullable=False),  # new money of runs and of the playground
)

run_limits = sa.Table(
    "run_limits",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _parent("run_id", "runs.id"),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("lane", sa.String(200), nullable=False),  # a model's name, or "this machine"
    sa.Column("limit", sa.Integer, nullable=False),  # calls that may be under way from then on
    sa.Column("reason", sa.Text, nullable=False),
)
sa.Index("ix_run_limits_run_id", run_limits.c.run_id)

completions = sa.Table(
    "completions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _parent("run_id", "runs.id"),
    sa.Column("prompt_index", sa.Integer, nullable=False),
    sa.Column("model_index", sa.Integer, nullable=False),
    sa.Column("case_id", sa.String(200), nullable=False),
    sa.Column("repeat", sa.Integer, nullable=False),
    sa.Column("text", ToldText, nullable=False),
    sa.Column("usage", sa.JSON, nullable=False),
    sa.Column("cost_usd", sa.Float),
    sa.Column("latency_s", sa.Float),
    sa.Column("ttft_s", sa.Float),
    sa.Column("finish_reason", ToldName(40)),
    sa.Column("resolved_model", ToldName(200)),
    sa.Column("error", sa.String(20)),
    sa.Column("error_message", ToldText),
    sa.Column("cached", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("tool_calls", sa.JSON(none_as_null=True)),
    sa.Column("logprobs", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("run_id", "prompt_index", "model_index", "case_id", "repeat"),
)

scorings = sa.Table(
    "scorings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _parent("run_id", "runs.id"),
    sa.Column("suite_sha256", sa.String(64), nullable=False),
    sa.Column("scorers", sa.JSON, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("judging_usd", sa.Float, nullable=False, default=0.0, server_default="0"),
    sa.Column("judging_calls", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.Column("judging_unknown", sa.Integer, nullable=False, default=0, server_default="0"),
)
sa.Index("ix_scorings_run_id", scorings.c.run_id)

scores = sa.Table(
    "scores",
    metadata,
    sa.Column("scoring_id", sa.ForeignKey("scorings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("completion_id", sa.ForeignKey("completions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("scorer", sa.String(200), primary_key=True),
    sa.Column("value", sa.Float),
    sa.Column("passed", sa.Boolean),
    sa.Column("reason", ToldText, nullable=False),
    sa.Column("error", ToldText),
)
sa.Index("ix_scores_completion_id", scores.c.completion_id)

judgements = sa.Table(
    "judgements",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),  # of everything that shaped the reply
    sa.Column("run_id", sa.String(40), primary_key=True),  # who paid for it
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("completion", sa.JSON, nullable=False),
    sa.Column("spent_usd", sa.Float, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)

pair_verdicts = sa.Table(
    "pair_verdicts",
    metadata,
    sa.Column("scoring_id", sa.ForeignKey("scorings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("scorer", sa.String(200), primary_key=True),
    sa.Column("first_id", sa.ForeignKey("completions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("second_id", sa.ForeignKey("completions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("winner_id", sa.Integer),  # neither: a tie, or an error
    sa.Column("unparsable", sa.Boolean, nullable=False),  # a reply that the scorer's policy made a tie
    sa.Column("error", ToldText),
)
sa.Index("ix_pair_verdicts_first_id", pair_verdicts.c.first_id)
sa.Index("ix_pair_verdicts_second_id", pair_verdicts.c.second_id)

human_labels = sa.Table(
    "human_labels",
    metadata,
    sa.Column("completion_id", sa.ForeignKey("completions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("scorer", sa.String(200), primary_key=True),
    sa.Column("rater", sa.String(200), primary_key=True),
    _parent("run_id", "runs.id"),
    sa.Column("value", sa.Float, nullable=False),  # in the scorer's unit
    sa.Column("author", sa.Text, nullable=False),  # who brought it
    sa.Column("created_at", sa.String(32), nullable=False),
)
sa.Index("ix_human_labels_run_id", human_labels.c.run_id)

human_preferences = sa.Table(
    "human_preferences",
    metadata,
    sa.Column("first_id", sa.ForeignKey("completions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("second_id", sa.ForeignKey("completions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("rater", sa.String(200), primary_key=True),
    _parent("run_id", "runs.id"),
    sa.Column("winner_id", sa.Integer),  # neither: a tie
    sa.Column("author", sa.Text, nullable=False),  # who brought it
    sa.Column("created_at", sa.String(32), nullable=False),
)
sa.Index("ix_human_preferences_run_id", human_preferences.c.run_id)
sa.Index("ix_human_preferences_second_id", human_preferences.c.second_id)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),  # names everything that it was worked out from
    _parent("run_id", "runs.id"),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)
sa.Index("ix_findings_run_id", findings.c.run_id)

cache = sa.Table(
    "cache",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("completion", sa.JSON, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)

playground_sessions = sa.Table(
    "playground_sessions",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column(
        "content", sa.JSON, nullable=False
    ),  # prompt selector, variables, and what stands in each column
    sa.Column("created_at", sa.String(32), nullable=False),
)

playground_answers = sa.Table(
    "playground_answers",
    metadata,
    sa.Column("session_id", sa.ForeignKey("playground_sessions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True),
    sa.Column("completion", sa.JSON, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("prompt", sa.String(200), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("repo", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("commit", sa.String(64), nullable=False),
    sa.Column("run_id", sa.String(40)),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)
