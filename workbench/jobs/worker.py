"""The process of one run: claims it, has what is missing asked and scored, beats its heart, and closes the row.

Started as ``python -m workbench.jobs.worker WORKSPACE RUN``. It may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from filelock import Timeout

from workbench.errors import BadInput, WorkbenchError
from workbench.evals.own.allowed import admit_run
from workbench.evals.plan import Plan, pin_recordings
from workbench.jobs.answering import Answering
from workbench.jobs.beside import ScoringThread
from workbench.jobs.comparing_cases import compare_groups
from workbench.jobs.ending import ending
from workbench.jobs.gating import judge_run
from workbench.jobs.heart import Heart
from workbench.jobs.job import Job
from workbench.jobs.process import alive, lock_of, worker_name
from workbench.jobs.scoring import CaseScorers, pin_recorded_judges, score_missing
from workbench.store import RunRecord, Store, database_url
from workbench.store.runs import Status


def main(arguments: list[str]) -> int:
    """Work on the run until it has ended; 0 also when another process has it."""
    root, run_id = Path(arguments[0]), arguments[1]
    state = root / ".workbench"
    store = Store(database_url(state))
    try:
        with lock_of(state, run_id).acquire(timeout=0):
            record = store.runs.get(run_id)
            worker = worker_name()
            if store.runs.claim(run_id, worker, evict=not _held_elsewhere(state, record)):
                work(root, store, record, worker)
    except Timeout:
        return 0
    finally:
        store.close()
    return 0


def _held_elsewhere(state: Path, record: RunRecord) -> bool:
    """Whether a living process on another machine has the run; on this one we hold its lock."""
    here = record.worker is None or record.worker.split(":")[0] == socket.gethostname()
    return not here and alive(state, record)


def work(root: Path, store: Store, record: RunRecord, worker: str) -> None:
    """Run to the end and close the row; a fault becomes the run's message."""
    heart = Heart(store, record, worker)
    gate = None
    try:
        job = _begin(root, store, record)
        status, message = _answer_and_score(job, heart)
        if heart.lost:
            return
        if status == "complete":
            # Else the scoring stays open, and a resumed run adds to it.
            compare_groups(store, record.id, job.scoring_id, job.plan, job.scorers)
            store.results.finish_scoring(job.scoring_id)
            gate = judge_run(store, record.id, job.plan)
    except WorkbenchError as problem:
        status, message = "failed", str(problem)
    except Exception as problem:
        # The log keeps the trace; the row keeps one sentence. Neither may quote what a provider sent.
        status = "failed"
        message = (
            f"The run met a fault of ours ({type(problem).__name__}); what was answered is kept. Resume it."
        )
        _log(problem)
    store.runs.finish(record.id, worker, status, active_s=heart.active_s(), message=message, gate=gate)


def _begin(root: Path, store: Store, record: RunRecord) -> Job:
    plan = Plan.from_dict(record.plan, store.runs.cases(record.plan["dataset_sha256"]))
    _check_recordings(plan, root)
    admit_run(plan.scorers, root)
    scorers = CaseScorers(plan, plan.scorers)
    return Job(store, root, record, plan, scorers, _open_scoring(store, record, plan))


def _check_recordings(plan: Plan, root: Path) -> None:
    folder = root / (plan.folder or ".")
    now = pin_recordings(plan.models, [p.name for p in plan.prompts], folder)
    now |= pin_recorded_judges(plan, root)
    for path, sha256 in plan.recordings.items():
        if now.get(path) != sha256:
            raise BadInput(
                "The recorded outputs changed since this run was started",
                file=path,
                hint="restore the file, or start a new run",
            )


def _open_scoring(store: Store, record: RunRecord, plan: Plan) -> int:
    """Go on with the scoring that an earlier process of this run left open, else begin one."""
    specs = [spec.to_dict() for spec in plan.scorers]
    earlier = store.results.scorings(record.id)
    # A scoring with other scorers that was left open, or was made after ours, is not to be mixed with it.
    if earlier and not earlier[-1].complete and earlier[-1].scorers == specs:
        return earlier[-1].id
    return store.results.begin_scoring(record.id, plan.suite_sha256, specs)


def _answer_and_score(job: Job, heart: Heart) -> tuple[Status, str | None]:
    thread = ScoringThread(job)
    try:
        answering = Answering(job, heart, thread)
        asyncio.run(answering.work())
        if heart.lost:
            return "failed", None
        unscored = not job.scorers.asks and not score_missing(
            job.store, job.run_id, job.scoring_id, job.scorers, stopping=heart.is_to_stop
        )
    finally:
        thread.close()
    if heart.lost:
        return "failed", None
    record = job.store.runs.progress(job.run_id)
    status, message = ending(
        record,
        cancelled=not heart.goes_on,
        reached=answering.reached,
        looks=answering.looks,
        unjudged=answering.unjudged,
        unscored=unscored,
    )
    if answering.looks and status == "complete":
        job.store.runs.set_sequential(record.id, answering.looks.settings, planned=record.done)
    return status, ". ".join(said for said in (message, answering.load.sentence) if said) or None


def _log(problem: Exception) -> None:
    import traceback

    for frame in traceback.extract_tb(problem.__traceback__):
        print(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}', file=sys.stderr)
    print(type(problem).__name__, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
