"""The monthly run: the stages in order.

Belongs here: which stage comes after which, what a run is identified by, and what it cost. Not here: what a stage
does (its folder), what is printed (:mod:`pipeline.commands`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import ingest, misuse, publish, resolve, target, validate
from pipeline.database import DATABASE, check_key, writing_alone
from pipeline.errors import InputError, Problem, RulesError
from pipeline.history import PublishedRun, newest_run, previous_run
from pipeline.meter import Meter
from pipeline.period import Period
from pipeline.publish import RunIdentity
from pipeline.rule_check import check_all
from pipeline.rulebook import rules_hash
from pipeline.store import KEY_VARIABLE, Store, secret, staged, sweep
from pipeline.summary import Summary, summarise

Say = Callable[[str], None]
LOG = "run.json"
LEAST_CHARACTERS = 16
"""Of a key."""


@dataclass(frozen=True)
class Job:
    """What a command was asked to do."""

    period: Period
    raw: Path
    out: Path
    rules: Path
    accept_smaller: bool = False

    @property
    def final(self) -> Store:
        """The period's stage files as they lie now."""
        return Store(self.out / str(self.period))


@dataclass(frozen=True)
class RunResult:
    """What came of a run; ``repeated`` when the same run had been published before and nothing was done."""

    run_id: str
    period: Period
    repeated: bool
    summary: Summary
    timings: dict[str, dict[str, float]] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "run_id": self.run_id, "period": str(self.period), "status": "published", "repeated": self.repeated,
            "summary": self.summary.as_dict(), "timings": self.timings, "files": [str(f) for f in self.files],
        }  # fmt: skip


def run(job: Job, say: Say) -> RunResult:
    """Raw files to published findings, whole or not at all.

    Raises:
        InputError: input or usage is at fault; nothing published, no file under ``out`` changed.
        TepatError: anything else that stops a run; nothing published.
    """
    check_key()
    _check_new_key(job.out)
    sweep(job.out)
    started_at = datetime.now(UTC).replace(tzinfo=None)
    past = past_of(job)
    identity = _identify(job, past, ingest.inputs_hash(job.raw))
    if publish.already_published(job.out, identity):
        say("the same inputs, rules, program and previous run have been published before: nothing to do")
        return _result(job, repeated=True)
    if wrong := check_all(job.rules):  # now, not after an hour, when the stage that reads the file begins
        raise RulesError(*wrong)
    meter = Meter()
    validate.preload()
    with staged(job.out, job.period, writing_alone) as store:
        run_stages(job, past, store, say, meter)
        _write_log(store, {s: _entry(identity, meter.timings[s]) for s in STAGES})
    return _publish(job, identity, started_at, meter, say)


def run_stage(job: Job, stage: str, say: Say) -> dict[str, float]:
    """One stage by itself, from the files of the stages before it; its cost."""
    check_key()
    _check_new_key(job.out)
    sweep(job.out)
    if stage == "validate":
        validate.preload()
    meter = Meter()
    log = {} if stage == "ingest" else _read_log(job.final)
    past = past_of(job)
    ingesting = stage == "ingest"
    identity = _identify(job, past, ingest.inputs_hash(job.raw)) if ingesting else _identify_as_ingested(job, past, log)
    order = list(STAGES)
    kept = {s: entry for s, entry in log.items() if order.index(s) < order.index(stage)}
    with staged(job.out, job.period, writing_alone) as store:
        with meter.measure(stage):
            STAGES[stage](job, past, store, say)
        _write_log(store, {**kept, stage: _entry(identity, meter.timings[stage])})
    return meter.timings[stage]


def publish_stages(job: Job, say: Say) -> RunResult:
    """Publish the stage files that lie under ``out``; refused unless all were made under today's rules and program."""
    check_key()
    sweep(job.out)
    log = _read_log(job.final)
    identity = _identify_as_ingested(job, past_of(job), log)
    _refuse_stale(job, identity)
    if publish.already_published(job.out, identity):
        say("this run has been published before: nothing to do")
        return _result(job, repeated=True)
    meter = Meter()
    meter.timings.update({s: log[s]["cost"] for s in STAGES})
    return _publish(job, identity, datetime.now(UTC).replace(tzinfo=None), meter, say)


def _check_new_key(out: Path) -> None:
    """Refuse a key that can be found by trying, while there is no database yet: it cannot be changed afterwards."""
    key = secret()
    if key is None or len(key.strip()) >= LEAST_CHARACTERS or (out / DATABASE).exists():
        return
    raise InputError(
        Problem(
            KEY_VARIABLE,
            f"a key of {len(key.strip())} characters can be found by trying",
            f"at least {LEAST_CHARACTERS}",
            """draw one: python -c "import secrets; print(secrets.token_urlsafe())", and keep it in the safe""",
        )
    )


def _identify(job: Job, past: Past, inputs_hash: str) -> RunIdentity:
    """What makes this run this run: everything that its results depend on."""
    return RunIdentity(
        period=str(job.period),
        inputs_hash=inputs_hash,
        rules_hash=rules_hash(job.rules),
        judgements_hash=publish.judgements_hash(past.judgements),
        code_version=publish.code_version(),
        previous_run_id=past.previous.run_id if past.previous is not None else None,
        options=json.dumps({"accept_smaller": job.accept_smaller}, sort_keys=True),
    )


@dataclass(frozen=True)
class Past:
    """What a run takes over: the published run it inherits ids from, and the judgements in force."""

    previous: PublishedRun | None
    judgements: pl.DataFrame


def past_of(job: Job) -> Past:
    """What a run that starts now takes over."""
    return Past(previous_run(job.out, job.period), publish.judgements(job.out, job.period))


def run_stages(job: Job, past: Past, store: Store, say: Say, meter: Meter | None = None) -> None:
    """All stages in order, into ``store``; nothing is published."""
    meter = meter or Meter()
    for stage, made_by in STAGES.items():
        say(stage)
        with meter.measure(stage):
            made_by(job, past, store, say)


def _ingest(job: Job, past: Past, store: Store, say: Say) -> None:
    ingest.ingest(
        job.raw, store, job.period, job.rules, previous=past.previous, accept_smaller=job.accept_smaller, say=say
    )


def _validate(job: Job, _: Past, store: Store, say: Say) -> None:
    validate.validate(store, job.period, job.rules, say=say)


def _resolve(job: Job, past: Past, store: Store, say: Say) -> None:
    resolve.resolve(
        store, job.period, job.rules, previous=past.previous, judgements=past.judgements, say=say
    )  # fmt: skip


def _misuse(job: Job, past: Past, store: Store, say: Say) -> None:
    misuse.screen(store, job.period, job.rules, previous=past.previous, say=say)


def _target(job: Job, past: Past, store: Store, say: Say) -> None:
    target.target(store, job.period, job.rules, previous=past.previous, say=say)


STAGES: dict[str, Callable[[Job, Past, Store, Say], None]] = {
    "ingest": _ingest,
    "validate": _validate,
    "resolve": _resolve,
    "misuse": _misuse,
    "target": _target,
}


def _publish(job: Job, identity: RunIdentity, started_at: datetime, meter: Meter, say: Say) -> RunResult:
    say("publish")
    with meter.measure("publish"):
        publish.publish(
            job.final, job.out, identity,
            started_at=started_at, timings=meter.timings, check=lambda: _refuse_stale(job, identity), say=say,
        )  # fmt: skip
    files = (publish.database_path(job.out), publish.read_only_path(job.out), job.final.folder)
    return _result(job, repeated=False, timings=meter.timings, files=files)


def _refuse_stale(job: Job, identity: RunIdentity) -> None:
    """Refuse stage files that are not all of this run: made under other rules, or by a run that came in between."""
    log = _read_log(job.final)
    stale = [s for s in STAGES if s not in log or log[s]["identity"] != identity.as_dict()]
    if stale:
        raise InputError(
            Problem(
                str(job.final.final),
                "not run, or not since an earlier stage, the rules or the program changed, or another run came in"
                f" between: {', '.join(stale)}",
                "all stages of a run made from the same input under the same rules",
                f"run `tepat {stale[0]} --period {job.period}` and the stages after it, or `tepat run`",
            )
        )


def _result(
    job: Job, *, repeated: bool, timings: dict[str, dict[str, float]] | None = None, files: tuple[Path, ...] = ()
) -> RunResult:
    """What the database now shows of the period."""
    published = newest_run(job.out, job.period)
    assert published is not None  # noqa: S101 - it has just been published, or found to be
    return RunResult(published.run_id, job.period, repeated, summarise(published), timings or {}, files)


def _entry(identity: RunIdentity, cost: dict[str, float]) -> dict[str, Any]:
    return {"identity": identity.as_dict(), "cost": cost}


def _write_log(store: Store, log: dict[str, Any]) -> None:
    (store.folder / LOG).write_text(json.dumps(log, indent=1, sort_keys=True), encoding="utf-8")


def _read_log(store: Store) -> dict[str, Any]:
    path = store.final / LOG
    if not path.exists():
        raise InputError(Problem(str(store.final), "nothing has been ingested", todo="run `tepat ingest` first"))
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return log


def _identify_as_ingested(job: Job, past: Past, log: dict[str, Any]) -> RunIdentity:
    """The identity of a run on what was ingested (the raw files may be gone) under today's rules and program."""
    ingested = RunIdentity(**log["ingest"]["identity"])
    return replace(_identify(job, past, ingested.inputs_hash), options=ingested.options)
