"""What an id names, and its story as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipeline.database import DATABASE, opened
from pipeline.errors import InputError, Problem
from pipeline.explain.chapters import Month
from pipeline.explain.veil import readable, veiled
from pipeline.history import frame_of, published_runs
from pipeline.publish.chain import record_access

_SHAPES = "a person P…, a household H…, a finding F… or its finding_key, a case K-…, or a mention_id, as in the tables"

_NAMED_BY = (
    ("person", "persons", "person_id"),
    ("household", "households", "household_id"),
    ("finding", "findings", "finding_id"),
    ("finding", "findings", "finding_key"),
    ("mention", "mentions", "mention_id"),
)


@dataclass(frozen=True)
class Story:
    """All that the newest run knowing an id says of it; ``chapters`` is made of dicts, lists, texts and numbers."""

    id: str
    kind: str
    period: str
    run_id: str
    masked: bool
    chapters: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """One line that says what the story is about."""
        return f"{self.kind} {self.id} in {self.period} (run {self.run_id})"

    def as_dict(self) -> dict[str, Any]:
        """The story as one JSON document."""
        return {
            "id": self.id,
            "kind": self.kind,
            "period": self.period,
            "run_id": self.run_id,
            "masked": self.masked,
            **self.chapters,
        }


def explain(out: Path, id: str, *, reveal: str | None = None) -> Story:  # noqa: A002 - the word of the command
    """Tell the story of a person, household, finding or mention, back to file and row.

    Args:
        out: folder of the database.
        id: see :data:`_SHAPES`.
        reveal: purpose for which numbers are shown in full; it is written to the access log first. None masks them.

    Raises:
        InputError: nothing is published, nothing has this id, or a purpose without words.
        StorageError: the database cannot be read, or the reveal cannot be logged.
    """
    if reveal is not None and not reveal.strip():
        raise InputError(Problem("--reveal", "no purpose is given", "why the numbers are needed, in a few words"))
    if not published_runs(out):
        raise InputError(Problem(str(out), "nothing is published here", todo="run `tepat run` first, or give --out"))
    with opened(out / DATABASE, read_only=True) as connection:
        kind, period, run_id = _named(connection, id)
        month = Month(connection, period, reveal is not None)
        chapters = readable(_chapters(month, kind, id))
    if reveal is not None:  # not told before it is logged; the log needs the database to itself
        record_access(out, "reveal", id, reveal.strip())
    else:
        chapters = veiled(chapters)
    return Story(id, kind, period, run_id, reveal is None, chapters)


def explain_pair(out: Path, one: str, other: str, *, reveal: str | None = None) -> Story:
    """Tell why two rows, persons or households are one or two: each pair of their rows that was written down.

    Args:
        out: folder of the database.
        one: a mention, person or household id.
        other: another one, of the same month.
        reveal: as for :func:`explain`.

    Raises:
        InputError: nothing is published, an id is not known, or is not a mention, person or household.
        StorageError: the database cannot be read, or the reveal cannot be logged.
    """
    stories = [explain(out, name, reveal=reveal) for name in (one, other)]
    first, second = stories
    if first.period != second.period:
        raise InputError(
            Problem(other, f"is of {second.period}, and {one} of {first.period}", "two ids of one month")
        )  # fmt: skip
    ours, theirs = (_rows_of(story) for story in stories)
    both = [*first.chapters.get("matches", []), *second.chapters.get("matches", [])]
    matches = [
        m
        for m in both
        for a, b in [(m["mention_id_a"], m["mention_id_b"])]
        if (a in ours and b in theirs) or (b in ours and a in theirs)
    ]
    unique = {(m["level"], m["mention_id_a"], m["mention_id_b"]): m for m in matches}
    chapters = {"matches": [unique[k] for k in sorted(unique)]} if unique else {}
    return Story(f"{one} {other}", "pair", first.period, first.run_id, first.masked, chapters)


def _rows_of(story: Story) -> set[str]:
    """The rows that an id stands for: itself, or all of its persons."""
    if story.kind == "mention":
        return {story.id}
    if story.kind not in {"person", "household"}:
        raise InputError(Problem(story.id, f"is a {story.kind}", "a mention, person or household id"))
    return {m["mention_id"] for person in story.chapters.get("persons", []) for m in person["mentions"]}


def _named(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str, str]:
    """Kind, period and run of the newest period that knows the id."""
    for kind, table, column in _NAMED_BY:
        found = connection.execute(
            f"select period, run_id from latest.{table} where {column} = ? order by period desc limit 1", [name]
        ).fetchall()
        if found:
            return kind, found[0][0], found[0][1]
    if (case := _case(connection, name)) is not None:
        return case
    became = frame_of(
        connection,
        "select period, event, new_id from latest.identity_events where old_id = $name order by period desc, new_id",
        {"name": name},
    ).to_dicts()
    todo = "; ".join(f"in {e['period']} it was {e['event']}: see {e['new_id']}" for e in became)
    raise InputError(Problem(name, "no published run knows this id", _SHAPES, todo))


def _case(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str, str] | None:
    """A case is known to the newest month."""
    newest = connection.execute("select period, run_id from latest.runs order by period desc limit 1").fetchall()
    period, run_id = newest[0]
    month = Month(connection, period, reveal=False)
    return ("case", period, run_id) if month.knows("case_events") and month.cases([], name) else None


def _chapters(month: Month, kind: str, name: str) -> dict[str, Any]:
    persons, households, findings, others = _cast(month, kind, name)
    subjects = [*persons, *households]
    told = {
        "cases": month.cases([*subjects, *others], name),
        "findings": month.findings([*subjects, *others], findings),
        "households": month.households(households),
        "persons": month.persons(persons),
        "eligibility": month.eligibility(subjects),
        "benefits": month.benefits(subjects),
        "matches": month.matches(persons),
        "identity_events": month.identity_events(subjects),
        "months": month.months(subjects, findings),
    }
    return {chapter: rows for chapter, rows in told.items() if rows}


def _cast(month: Month, kind: str, name: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """Persons, households and findings that appear in the story of an id; and an agent, card, account or phone."""
    findings: list[str] = []
    if kind == "case":
        case = month.rows(
            "select subject_kind, subject_id from audit.cases where case_id = $name and $period is not null", name=name
        )[0]
        kind, name = case["subject_kind"], case["subject_id"]
    if kind == "finding":
        found = month.rows(
            "select finding_id, subject_kind, subject_id from latest.findings "
            "where period = $period and (finding_id = $name or finding_key = $name)",
            name=name,
        )[0]
        findings = [found["finding_id"]]
        kind, name = found["subject_kind"], found["subject_id"]
    if kind == "mention":
        ids = (
            "select distinct person_id, household_id from latest.mentions where period = $period and mention_id = $name"
        )
    elif kind in {"person", "companion"}:
        ids = "select person_id, household_id from latest.persons where period = $period and person_id = $name"
    elif kind == "household":
        ids = (
            "select h.household_id, p.person_id from latest.households h left join latest.persons p "
            "on h.period = p.period and h.household_id = p.household_id "
            "where h.period = $period and h.household_id = $name order by p.person_id"
        )
    else:  # an agent, card, account or phone: its findings and their evidence are the story
        return [], [], findings, [name]
    rows = month.rows(ids, name=name)
    persons = sorted({r["person_id"] for r in rows} - {None})
    households = sorted({r["household_id"] for r in rows} - {None})
    return persons, households, findings, []
