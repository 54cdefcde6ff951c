"""What a run consists of: the published form of each stage table, its count and digest, and what must agree.

The digest of a table is the sum of the MD5 numbers of its rows as text: it does not depend on the order of rows, and
stays the same across versions of DuckDB, which its own ``hash()`` does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from pipeline.database import relation
from pipeline.errors import ConservationError, Problem, StorageError
from pipeline.publish.schema import PUBLISHED, content_columns
from pipeline.store import Store
from pipeline.tables import (
    MENTION_IDS,
    MENTIONS,
    OUTCOMES,
    QUARANTINE,
    SOURCE_FILES,
    TRANSACTIONS,
    Table,
)


@dataclass(frozen=True)
class Content:
    """Rows of a table and their digest, taken over ``columns`` (kept, because later versions may add some)."""

    rows: int
    digest: str
    columns: tuple[str, ...]


def row_text(columns: Sequence[str]) -> str:
    """SQL expression: a row as one text; the unit separator stands between values, a record separator for null."""
    # one expression for all values: to bind one for each would take longer than to read a month of a district
    values = ", ".join(_text(c) for c in columns)
    return f"array_to_string(list_transform([{values}], lambda v: coalesce({_alone('v')}, chr(30))), chr(31))"


def named_text(columns: Sequence[str]) -> str:
    """SQL expression: a row as one text of what it has, each value with its name.

    Unlike :func:`row_text` it stays the same when a later version adds a column, so that digests can be added up.
    """
    values = ", ".join(f"'{c}=' || {_alone(_text(c))}" for c in columns)  # nothing and a text is nothing
    return f"concat_ws(chr(31), {values})"


def _text(column: str) -> str:
    return f'cast("{column}" as varchar)'


def _alone(text: str) -> str:
    """A text that no other texts, side by side, give: one with a separator in it stands in hexadecimals."""
    mistakable = f"starts_with({text}, chr(30)) or contains({text}, chr(31))"
    return f"case when {mistakable} then chr(30) || hex({text}) else {text} end"


SUMS: Final = "count(*), coalesce(sum(md5_number_lower(line)), 0), coalesce(sum(md5_number_upper(line)), 0)"
"""SQL of count and digest, over rows whose text is named ``line``; see :func:`digest_of_sums`."""


def digest_of_sums(lower: int, upper: int) -> str:
    """The two sums as they are kept."""
    return f"{int(upper):x}.{int(lower):x}"


def sums_of_digest(digest: str) -> tuple[int, int]:
    """What :func:`digest_of_sums` was made of: digests of parts of a table add up to that of the whole."""
    upper, lower = digest.split(".")
    return int(lower, 16), int(upper, 16)


def content_of(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    columns: Sequence[str],
    where: str = "true",
    text: Callable[[Sequence[str]], str] = row_text,
) -> Content:
    """Count and digest of the rows of ``source`` (anything that may stand after ``FROM``)."""
    query = f"select {SUMS} from (select {text(columns)} as line from {source} where {where})"
    rows, lower, upper = connection.execute(query).fetchall()[0]
    return Content(int(rows), digest_of_sums(lower, upper), tuple(columns))


def stage_relation(connection: duckdb.DuckDBPyConnection, store: Store, table: Table) -> str:
    """SQL of a stage table in its published form, without ``run_id``; columns an older file lacks are null."""
    source = relation(connection, store, table)
    present = set(store.dataset(table).schema.names)
    stage = ", ".join(
        f'cast(t."{c.name}" as {c.type.sql}) as "{c.name}"'
        if c.name in present
        else f'cast(null as {c.type.sql}) as "{c.name}"'
        for c in table.columns
    )
    if table is not MENTIONS:
        return f"(select {stage} from {source} t)"
    ids = relation(connection, store, MENTION_IDS)
    return (
        f"(select {stage}, i.person_id, i.household_id from {source} t "
        f"left join {ids} i on t.mention_id = i.mention_id)"
    )


def stage_relations(connection: duckdb.DuckDBPyConnection, store: Store) -> dict[str, str]:
    """:func:`stage_relation` of every published table; `InputError` names the stage that did not run."""
    return {name: stage_relation(connection, store, table) for name, table in PUBLISHED.items()}


def manifest_of(connection: duckdb.DuckDBPyConnection, relations: dict[str, str]) -> dict[str, Content]:
    """Count and digest of every published table."""
    return {
        name: content_of(connection, source, content_columns(PUBLISHED[name])) for name, source in relations.items()
    }


def as_json(manifest: dict[str, Content]) -> str:
    """The manifest as it stands in ``audit.runs``."""
    return json.dumps(
        {name: {"rows": c.rows, "digest": c.digest, "columns": list(c.columns)} for name, c in manifest.items()},
        sort_keys=True,
    )


def check_keys(connection: duckdb.DuckDBPyConnection, relations: dict[str, str]) -> None:
    """Refuse a table in which two rows have the same key, or a row has none.

    Raises:
        StorageError: naming the tables, not the rows.
    """
    problems = []
    for name, source in relations.items():
        keys = [f'"{k}"' for k in PUBLISHED[name].keys]
        filled = " and ".join(f"{k} is not null" for k in keys)
        twice, without = connection.execute(
            f"select coalesce(sum(n - 1), 0), coalesce(sum(n) filter (not ({filled})), 0) "
            f"from (select {', '.join(keys)}, count(*) as n from {source} group by all)"
        ).fetchall()[0]
        if twice or without:
            problems.append(
                Problem(
                    f"table {name}",
                    f"{twice} rows repeat the key ({', '.join(PUBLISHED[name].keys)}) of another, {without} have none",
                    "each key once",
                    f"this is a fault of stage `{PUBLISHED[name].stage}`; nothing was published",
                )
            )
    if problems:
        raise StorageError(*problems)


_SHEETS = """
with landed as (
    select source_file, sheet, 'accepted' as part from {mentions}
    union all select source_file, sheet, 'accepted' from {transactions}
    union all select source_file, sheet, 'accepted' from {outcomes}
    union all select source_file, sheet, 'quarantined' from {quarantine}
), counted as (
    select source_file, sheet,
           count(*) filter (part = 'accepted') as accepted, count(*) filter (part = 'quarantined') as quarantined
    from landed group by source_file, sheet
), declared as (
    select source_file, sheet, sum(rows_total) as total, sum(rows_accepted) as accepted,
           sum(rows_quarantined) as quarantined, sum(rows_layout) as layout
    from {source_files} group by source_file, sheet
)
select coalesce(d.source_file, c.source_file), coalesce(d.sheet, c.sheet), d.total,
       d.accepted, coalesce(c.accepted, 0), d.quarantined, coalesce(c.quarantined, 0), d.layout
from declared d full join counted c on d.source_file = c.source_file and d.sheet = c.sheet
where d.total is null or d.accepted is null or d.quarantined is null or d.layout is null
   or d.total <> d.accepted + d.quarantined + d.layout
   or d.accepted <> coalesce(c.accepted, 0) or d.quarantined <> coalesce(c.quarantined, 0)
order by 1, 2
"""


def check_conservation(connection: duckdb.DuckDBPyConnection, relations: dict[str, str]) -> None:
    """Every row of every sheet ended in exactly one place.

    Raises:
        ConservationError: one problem a sheet whose sums do not agree.
    """
    tables = (MENTIONS, TRANSACTIONS, OUTCOMES, QUARANTINE, SOURCE_FILES)
    rows = connection.execute(_SHEETS.format(**{t.name: relations[t.name] for t in tables})).fetchall()
    if rows:
        raise ConservationError(
            *(
                Problem(
                    f"{file} {sheet}".strip(),
                    f"of {total} rows {accepted} are said to be accepted and {found} are found, {quarantined} to be "
                    f"in quarantine and {found_quarantined} are found, {layout} are layout",
                    "sums that agree",
                    "this is a fault of the program; nothing was published",
                )
                for file, sheet, total, accepted, found, quarantined, found_quarantined, layout in rows
            )
        )
