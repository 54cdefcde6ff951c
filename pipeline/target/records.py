"""What is judged: rows, persons and households of a month, with numbers in place of ids.

Belongs here: the columns the stage needs, and the numbers. Not here: what follows from them.

Inside the stage a person, a household or another subject is a number, its *code*, and a mention is its place among
the mentions: joins and groups on numbers cost a fraction of those on texts of sixteen letters. Codes go by id,
households before persons, so that what is sorted by code is sorted by kind and id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl
import polars.selectors as cs

from pipeline.store import Store
from pipeline.tables import HOUSEHOLDS, MENTION_IDS, MENTIONS, PERSONS

JUDGED: Final = (
    "kind", "program", "desa_code", "kecamatan_code", "desil", "income", "pregnant", "school_level", "disability",
    "odgj", "active", "amount", "employment_type",
)  # fmt: skip
"""Columns of mentions that eligibility and measures rest on."""
PROVEN: Final = (
    "source_file", "sheet", "row_number", "nik", "nik_status", "name", "card_number", "population_status",
    "death_date", "ppks_category", "list_period",
)  # fmt: skip
"""What findings and their evidence need besides; ``nik_head`` comes with them, the first 15 digits of a NIK."""
PERSON_COLUMNS: Final = [
    "person_id", "household_id", "birth_date", "birth_date_from", "sex", "relationship", "alive", "moved_out",
    "in_registry", "desa_code", "kecamatan_code", "confidence",
]  # fmt: skip
HOUSEHOLD_COLUMNS: Final = ["household_id", "head_person_id", "desil", "in_registry", "desa_code", "kecamatan_code"]
_HEAD: Final = pl.coalesce(pl.col("nik").str.head(15), pl.col("nik_digits").str.extract(r"^(\d{15})\?$"))
"""What a spreadsheet leaves of a NIK: all digits but the last."""
_FEW_VALUES: Final = (
    "kind", "program", "desa_code", "kecamatan_code", "school_level", "disability", "employment_type", "source_file",
    "sheet", "nik_status", "population_status", "ppks_category", "sex", "relationship", "birth_date_from",
    "list_period",
)  # fmt: skip
_CATEGORIES: Final = cs.by_name(*_FEW_VALUES, require_all=False).cast(pl.Categorical)


@dataclass(frozen=True)
class Codes:
    """The id of each code: households, then persons, then what findings are about besides (agents, accounts …)."""

    ids: pl.Series
    persons: int
    """Code of the first person."""
    others: int
    """Code of the first other subject; a companion, who is a person as well, has a second code there."""

    @classmethod
    def of(cls, households: pl.Series, persons: pl.Series, others: pl.Series | None = None) -> Codes:
        """Number these ids."""
        rest = pl.Series([], dtype=pl.String) if others is None else others
        parts = [part.sort().alias("id") for part in (households, persons, rest.unique())]
        return cls(pl.concat(parts), len(households), len(households) + len(persons))

    def households_coded(self, ids: pl.Series) -> pl.Series:
        """Codes of households; null where an id is none."""
        return self._coded(ids, 0, self.persons)

    def persons_coded(self, ids: pl.Series) -> pl.Series:
        """Codes of persons; null where an id is none."""
        return self._coded(ids, self.persons, self.others)

    def units_coded(self, ids: pl.Series) -> pl.Series:
        """Codes of households and persons; null where an id is neither."""
        return self._coded(ids, 0, self.others)

    def others_coded(self, ids: pl.Series) -> pl.Series:
        """Codes of other subjects; null where an id is none."""
        return self._coded(ids, self.others, len(self.ids))

    def named(self, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Put ids in place of codes."""
        return frame.with_columns(self.ids.gather(frame[c]).alias(c) for c in columns)

    def _coded(self, ids: pl.Series, first: int, end: int) -> pl.Series:
        known = pl.DataFrame({"id": self.ids[first:end]}).with_row_index("code", offset=first)
        found = ids.alias("id").to_frame().join(known, on="id", how="left", maintain_order="left")
        return found["code"].alias(ids.name)


@dataclass(frozen=True)
class Records:
    """What is judged: ``rows`` of mentions that are about somebody, golden records in order of id; ids are codes."""

    codes: Codes
    rows: pl.LazyFrame
    persons: pl.DataFrame
    households: pl.DataFrame

    @classmethod
    def of(
        cls, rows: pl.DataFrame, persons: pl.DataFrame, households: pl.DataFrame, others: pl.Series | None = None
    ) -> Records:
        """Put codes in place of ids.

        Args:
            rows: ``JUDGED`` columns of mentions and ``person_id``, more where findings are wanted; ``mention_id`` is
                the place of a row.
            persons: ``PERSON_COLUMNS``.
            households: ``HOUSEHOLD_COLUMNS``.
            others: ids of subjects that are neither.
        """
        persons, households = persons.sort("person_id"), households.sort("household_id")
        codes = Codes.of(households["household_id"], persons["person_id"], others)
        rows = rows.with_columns(
            _CATEGORIES, codes.persons_coded(rows["person_id"]), mention_id=pl.int_range(pl.len(), dtype=pl.UInt32)
        )
        return cls(
            codes,
            rows.lazy().filter(pl.col("person_id").is_not_null()),
            persons.with_columns(
                _CATEGORIES,
                codes.households_coded(persons["household_id"]),
                person_id=pl.int_range(codes.persons, codes.others, dtype=pl.UInt32),
            ),
            households.with_columns(
                _CATEGORIES,
                codes.persons_coded(households["head_person_id"]),
                household_id=pl.int_range(codes.persons, dtype=pl.UInt32),
            ),
        )

    @classmethod
    def read(cls, store: Store, others: pl.Series) -> tuple[Records, pl.Series]:
        """The records of a month, and the ``mention_id`` of each place."""
        rows = (
            store.scan(MENTIONS)
            .select("mention_id", *JUDGED, *PROVEN, nik_head=_HEAD)
            # only numbers of 16 digits stand in this column
            .with_columns(_CATEGORIES, pl.col("nik", "nik_head").cast(pl.Int64))
            .collect(engine="streaming")  # texts become categories before all of them are in memory
        )
        mention_ids = rows["mention_id"]
        who = store.read(MENTION_IDS, ["mention_id", "person_id"])
        if not who["mention_id"].equals(mention_ids):  # both are written in order of their key
            who = rows.select("mention_id").join(who, on="mention_id", how="left", maintain_order="left")
        rows = rows.drop("mention_id").with_columns(who["person_id"])
        del who
        persons, households = store.read(PERSONS, PERSON_COLUMNS), store.read(HOUSEHOLDS, HOUSEHOLD_COLUMNS)
        return cls.of(rows, persons, households, others), mention_ids
