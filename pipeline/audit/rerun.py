"""A month made again from its files, held to what was published, table by table.

It is made with what it was made with then: the files, the rules, the run it inherited ids from, the judgements said
by then. Where one of these is not kept, nothing is compared and the reason is said: a difference would tell nothing.
Another version of the program or of a library is no such reason, but it is said. Neither are purged rows of runs
further back: it is tried, and only where something differs is the reason said.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from pipeline.audit.inputs import folder_of, has_files
from pipeline.audit.report import Means, Verified
from pipeline.audit.rows import Run, runs_of, tombstones_of
from pipeline.database import DATABASE, check_key, opened, quoted
from pipeline.errors import ConservationError, InputError
from pipeline.history import PublishedRun, frame_of, judgements, judgements_hash
from pipeline.ingest import inputs_hash
from pipeline.period import Period
from pipeline.privacy import mask_number
from pipeline.publish.content import content_of, stage_relation
from pipeline.publish.identity import code_version, libraries
from pipeline.publish.schema import PUBLISHED
from pipeline.resolve.ancestry import LINE
from pipeline.rulebook import rules_hash
from pipeline.run import Job, Past, run_stages
from pipeline.store import Store, sweep
from pipeline.tables import Table

Say = Callable[[str], None]
EXAMPLES: Final = 3


@dataclass(frozen=True)
class _Asked:
    """A run, and what it was made with."""

    run: Run
    started_at: datetime
    inputs_hash: str
    rules_hash: str
    judgements_hash: str
    code_version: str
    previous_run_id: str | None
    options: str
    libraries: dict[str, str]

    @property
    def period(self) -> Period:
        """Its month."""
        return Period.parse(self.run.period)


def make_again(out: Path, *, period: Period | None, raw: Path | None, rules: Path, report: Verified, say: Say) -> None:
    """Make the newest run of each month (or of one) again and note what differs.

    Works in a hidden folder in ``out``, which is gone at the end; with a key its files are encrypted.

    Raises:
        StorageError: the database is held by somebody else, or a key is set and this installation cannot encrypt.
    """
    check_key()
    sweep(out)
    with opened(out / DATABASE, read_only=True) as connection:
        asked = _newest(connection, period)
        ended = {run_id for run_id, _ in tombstones_of(connection)}
        periods = {r.run_id: r.period for r in runs_of(connection)}
        lines = {each.run.run_id: _line(connection, each) for each in asked}
    for each in asked:
        folder = folder_of(raw, each.run.period, only=period is not None)
        past = _past(out, each, periods)
        if why := _why_not(each, folder, rules, past, ended):
            report.not_checked.append(f"{each.run.run_id} was not made again: {why}")
            continue
        if other := _made_otherwise(each):
            report.notes.append(f"{each.run.run_id} {other}: what differs may come from that")
        say(f"--- making {each.run.period} again")
        with _folder(out) as made:
            accept = bool(json.loads(each.options).get("accept_smaller", False))
            store = Store(made)
            try:
                run_stages(Job(each.period, folder, made, rules, accept_smaller=accept), past, store, say)
            except (InputError, ConservationError) as error:
                report.differs(Means.AGAIN, "runs", each.run.run_id, f"it cannot be made again: {error.problems[0]}")
                continue
            say("comparing")
            found = Verified()
            with opened(out / DATABASE, read_only=True) as connection:
                for table in PUBLISHED.values():
                    _compare(connection, store, table, each.run, found)
        gone = [run_id for run_id in lines[each.run.run_id] if run_id in ended]
        if found.differences and gone:  # ids and what is new go back to all of them
            names = ", ".join(sorted({d.table for d in found.differences}))
            report.not_checked.append(
                f"{each.run.run_id} made again comes out otherwise ({names}), which tells nothing: rows of"
                f" {', '.join(gone)}, from which it descends, were purged"
            )
            continue
        report.differences += found.differences
        report.checked["tables made again"] += sum(name in each.run.manifest for name in PUBLISHED)
        report.made_again.append(each.run.run_id)


def _newest(connection: duckdb.DuckDBPyConnection, period: Period | None) -> list[_Asked]:
    kept = {r.run_id: r for r in runs_of(connection)}
    rows = frame_of(connection, "select * from latest.runs order by period").to_dicts()
    names = [f.name for f in fields(_Asked) if f.name not in ("run", "libraries")]
    found = [
        _Asked(kept[row["run_id"]], libraries=json.loads(row.get("libraries") or "{}"), **{n: row[n] for n in names})
        for row in rows
    ]
    return [a for a in found if period is None or a.period == period]


def _made_otherwise(asked: _Asked) -> str:
    """What the program and its libraries were and are now, where they differ; empty where they are the same."""
    versions = [("program", asked.code_version, code_version())]
    today = json.loads(libraries())
    versions += [(name, then, today.get(name, "none")) for name, then in asked.libraries.items()]
    other = [(name, then, now) for name, then, now in versions if then != now]
    then, now = (", ".join(f"{pair[0]} {pair[n]}" for pair in other) for n in (1, 2))
    return f"was made by {then}, and again by {now}" if other else ""


def _line(connection: duckdb.DuckDBPyConnection, asked: _Asked) -> list[str]:
    """The runs that a run descends from, the nearest first."""
    found = frame_of(connection, f"{LINE} select run_id from line order by back", {"run": asked.previous_run_id})
    return found["run_id"].to_list()


def _past(out: Path, asked: _Asked, periods: dict[str, str]) -> Past:
    previous = None
    if (run_id := asked.previous_run_id) in periods and run_id is not None:
        previous = PublishedRun(out / DATABASE, run_id, Period.parse(periods[run_id]))
    return Past(previous, judgements(out, asked.period, until=asked.started_at))


def _why_not(asked: _Asked, folder: Path, rules: Path, past: Past, ended: set[str]) -> str:
    """Why a run cannot be made again; empty where it can."""
    if not has_files(folder):
        return f"its raw files are not kept in {folder}"
    if inputs_hash(folder) != asked.inputs_hash:
        return f"the raw files in {folder} are not all those it was made from"
    if rules_hash(rules) != asked.rules_hash:
        return (
            f"the rules in {rules} are not those of the run (give those with --rules); what depends on rules is every"
            " table, from how a list is read to the measures"
        )
    if asked.previous_run_id is not None and (past.previous is None or asked.previous_run_id in ended):
        return f"rows of {asked.previous_run_id}, from which it took over ids, were purged"
    if judgements_hash(past.judgements) != asked.judgements_hash:
        return "the judgements of that time are not kept"
    return ""


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    made = out / f".rerun.{os.getpid()}"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _compare(connection: duckdb.DuckDBPyConnection, store: Store, table: Table, run: Run, report: Verified) -> None:
    """Digests first, which also tell of rows that were purged; rows only where those differ."""
    wanted = run.manifest.get(table.name)
    if wanted is None:
        return
    source = stage_relation(connection, store, table)
    there = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    if missing := [c for c in wanted.columns if c not in there]:
        what = f"the columns {', '.join(missing)} are no longer made"
        report.differs(Means.AGAIN, table.name, run.run_id, what)
        return
    found = content_of(connection, source, wanted.columns)
    if found != wanted:
        what = _difference(connection, source, table, run.run_id, wanted.columns)
        counts = f"{wanted.rows} rows were published, {found.rows} are made now"
        report.differs(Means.AGAIN, table.name, run.run_id, f"{counts}; {what}")


def _difference(
    connection: duckdb.DuckDBPyConnection, source: str, table: Table, run_id: str, columns: tuple[str, ...]
) -> str:
    """What differs between the published rows and those made again, by key; first examples, masked."""
    published = f"(select * from audit.{table.name} where run_id = {quoted(run_id)})"
    keys = [k for k in table.keys if k in columns]
    on, others = _same(keys), [c for c in columns if c not in keys]
    both = f"from {published} x join {source} y on {on}"
    parts = []
    for what, rows in (
        ("only published", f"from {published} x anti join {source} y on {on}"),
        ("only made now", f"from {source} x anti join {published} y on {on}"),
        ("changed", f"{both} where not ({_same(others)})"),
    ):
        (count,) = connection.execute(f"select count(*) {rows}").fetchall()[0]
        if count:
            chosen = ", ".join(f'x."{k}"' for k in keys)
            first = connection.execute(f"select {chosen} {rows} order by all limit {EXAMPLES}").fetchall()
            parts.append(f"{count} {what} ({'; '.join(_named(keys, values) for values in first)})")
    counts = ", ".join(f'count(*) filter (x."{c}" is distinct from y."{c}")' for c in others) or "0"
    changed = zip(others, connection.execute(f"select {counts} {both}").fetchall()[0], strict=False)
    if told := [f"{n} in {name}" for name, n in changed if n]:
        parts.append(f"values that changed: {', '.join(told)}")
    return ", ".join(parts)


def _same(columns: Sequence[str]) -> str:
    return " and ".join(f'x."{c}" is not distinct from y."{c}"' for c in columns) or "true"


def _named(keys: list[str], values: tuple[object, ...]) -> str:
    """A key in words; what is all digits and names somebody is masked, however short."""
    shown = (
        mask_number(str(v)) if k == "subject_id" and str(v).isdigit() else str(v)
        for k, v in zip(keys, values, strict=True)
    )
    return " ".join(f"{k}={v}" for k, v in zip(keys, shown, strict=True) if v)
