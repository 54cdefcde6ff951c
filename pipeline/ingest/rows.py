"""From the data rows of a sheet to the rows that cleaning takes: named columns, and what only the titles say.

Belongs here: naming columns, filling merged blocks down, program codes. Not here: what a cell means (:mod:`.clean`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import polars as pl

from pipeline.ingest.cards import Cards, words_of
from pipeline.ingest.clean.dates import MONTH_FIRST
from pipeline.ingest.recognise import Reading, Said
from pipeline.ingest.sheets import Cell, Merge
from pipeline.ingest.titles import Place, bare_name, month_in, place_in, places_in, program_in
from pipeline.regions import Gazetteer, Written

_NAMING_A_PROGRAM: Final = ("name", "nik", "amount", "component", "period", "status")
"""Columns whose headings may name the list's program; cards and numbers of another program stand on many lists."""
_CODE: Final = re.compile(r"(?<!\d)(\d{10}|\d{6})(?!\d)")


@dataclass(frozen=True)
class Constants:
    """What holds for all rows of a sheet where its columns do not say it."""

    place: Place
    region_code: str | None
    program: str | None
    period: str | None
    others: dict[str, str]


def constants_of(reading: Reading, sheet: str, source_file: str, cards: Cards, regions: Gazetteer) -> Constants:
    """Place, program and month from titles, the sheet's name and the file's name, the first that says it counting.

    The program also from headings (``NAMA KPM BLT``) and from columns that only one program's lists have.
    """
    titles = [line.text for line in reading.titles]
    file = re.sub(r"[_]+", " ", PurePath(source_file).stem)
    place = places_in(titles).over(place_in(sheet)).over(place_in(file))
    code = next((c for c in _CODE.findall(file) if regions.exists(c)), None)
    return Constants(
        _with_sheet_name(place, sheet, reading, regions),
        code,
        _program(reading, [" ".join(titles), sheet, file], cards) if reading.card.program else None,
        month_in([*titles, sheet, file]),
        reading.constants,
    )


def _program(reading: Reading, spoken: list[str], cards: Cards) -> str | None:
    headings = (heading for column, heading in reading.written_headings.items() if column in _NAMING_A_PROGRAM)
    named = program_in([*spoken, " ".join(headings)], cards)
    by_column = {p for column, p in reading.card.program_by_column.items() if column in reading.columns}
    return named or (by_column.pop() if len(by_column) == 1 else None)


def _with_sheet_name(place: Place, sheet: str, reading: Reading, regions: Gazetteer) -> Place:
    """A sheet named like a kecamatan or desa says where its rows live, where nothing else does."""
    name = bare_name(sheet)
    if name is None or place.desa or "desa" in reading.columns:
        return place
    kabupaten, kecamatan = place.kabupaten or "", place.kecamatan or ""
    if not kecamatan and "kecamatan" not in reading.columns and regions.locate(Written(kabupaten, name)).kecamatan_code:
        return Place(None, name, place.kabupaten)
    if regions.locate(Written(kabupaten, kecamatan, name)).desa_code:
        return Place(name, place.kecamatan, place.kabupaten)
    return place


class RowNamer:
    """Names the columns of data rows and adds what titles say; knows which programs it met."""

    def __init__(
        self, reading: Reading, constants: Constants, cards: Cards, said: Said, merges: Sequence[Merge]
    ) -> None:
        self._reading = reading
        self._constants = constants
        self._cards = cards
        self._said = said.program or ""
        self._forced = self._code(self._said)
        self._down = [m for m in merges if m.bottom > m.top]
        self._tops: dict[Merge, tuple[str | None, int]] = {}
        self.unknown_programs: dict[str, int] = {}
        self.rows_without_program = 0
        self.rows_named = 0

    def fill_down(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row of a vertically merged block the block's value, save sums, which would count twice."""
        spared = {self._reading.columns.get(c) for c in self._cards.layout.not_filled_down}
        first, last = batch["row_number"].min(), batch["row_number"].max()
        header = self._reading.header_row or 0
        for j in {m.left for m in self._down} - spared:
            if f"c{j}" not in batch.columns:
                continue
            blocks = [
                m
                for m in self._down
                if m.left == j and m.top > header and m.bottom >= first and m.top <= last  # type: ignore[operator]
            ]
            batch = self._fill_column(batch, j, blocks)
        return batch

    def _fill_column(self, batch: pl.DataFrame, j: int, blocks: Sequence[Merge]) -> pl.DataFrame:
        written = dict(
            zip(
                batch["row_number"].to_list(),
                zip(batch[f"c{j}"].to_list(), batch[f"t{j}"].to_list(), strict=True),
                strict=True,
            )
        )
        rows: list[tuple[int, str, int]] = []
        for block in blocks:
            value, kind = written.get(block.top) or self._tops.get(block) or (None, 0)
            self._tops[block] = (value, kind)
            if value is not None:
                rows += [(r, value, kind) for r in range(block.top + 1, block.bottom + 1)]
        filled = pl.DataFrame(rows, schema={"row_number": pl.Int64, "value": pl.String, "kind": pl.UInt8}, orient="row")
        joined = batch.join(filled, on="row_number", how="left", maintain_order="left")
        empty = pl.col(f"c{j}").is_null()
        return joined.with_columns(
            pl.when(empty).then("value").otherwise(f"c{j}").alias(f"c{j}"),
            pl.when(empty & pl.col("value").is_not_null()).then("kind").otherwise(f"t{j}").alias(f"t{j}"),
        ).drop("value", "kind")

    def name(self, data: pl.DataFrame) -> pl.DataFrame:
        """Data rows with named columns, ``<name>#`` for their cell types, and the constants of the sheet."""
        columns = [pl.col("row_number")]
        for name, j in self._reading.columns.items():
            here = f"c{j}" in data.columns
            columns.append((pl.col(f"c{j}") if here else pl.lit(None, pl.String)).alias(name))
            columns.append((pl.col(f"t{j}") if here else pl.lit(Cell.TEXT.value, pl.UInt8)).alias(f"{name}#"))
        named = data.select(*columns, *self._places(), *self._others())
        return self._with_program(_joined_sex(named))

    def _places(self) -> list[pl.Expr]:
        place = self._constants.place
        said = {"desa": place.desa, "kecamatan": place.kecamatan, "kabupaten": place.kabupaten}
        below_group = pl.col("group_kecamatan").is_not_null()  # another kecamatan: the title's desa is none of its
        exprs = []
        for level, value in said.items():
            title = pl.lit(value, pl.String)
            if level == "desa":
                title = pl.when(~below_group).then(title)
            exprs.append(pl.coalesce(f"group_{level}", title).alias(f"title_{level}"))
        return exprs

    def _others(self) -> list[pl.Expr]:
        constants = dict(self._constants.others)
        if self._constants.period:
            constants["title_period"] = self._constants.period
        if self._reading.month_first:
            constants[MONTH_FIRST] = " ".join(self._reading.month_first)
        codes = ("region_code", "desa_code", "kecamatan_code", "kabupaten_code")
        if self._constants.region_code and not any(c in self._reading.columns for c in codes):
            constants["region_code"] = self._constants.region_code
        return [pl.lit(value, pl.String).alias(name) for name, value in constants.items()]

    def _with_program(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Program codes: as ``sources.yaml`` says, else the row's column, else what the whole list says."""
        self.rows_named += rows.height
        if self._forced is not None:
            self._count_program(self._said, self._forced, rows.height)
            return rows.with_columns(program=pl.lit(self._forced)).drop("program#", strict=False)
        whole = self._constants.program
        if "program" not in rows.columns:
            self._count_program(whole or "", whole, rows.height)
            return rows.with_columns(program=pl.lit(whole, pl.String))
        counts = rows["program"].drop_nulls().value_counts().sort("program")
        codes = {text: self._code(text) for text in counts["program"]}
        for text, n in counts.iter_rows():
            self._count_program(text, codes[text], n)
        self._count_program(whole or "", whole, rows["program"].null_count())
        read = pl.col("program").replace_strict(codes, default=None, return_dtype=pl.String)
        return rows.with_columns(program=pl.coalesce(read, pl.lit(whole, pl.String))).drop("program#", strict=False)

    def _count_program(self, written: str, code: str | None, n: int) -> None:
        """Keep count of rows whose program nobody names, or no rule knows."""
        if code is None:
            self.rows_without_program += n if self._reading.card.program else 0
        elif n and code not in self._cards.programs.values():
            self.unknown_programs[written] = self.unknown_programs.get(written, 0) + n

    def _code(self, text: str) -> str | None:
        """A program's code by any of its names; else the text itself as a code."""
        words = words_of(text)
        if not words.strip():
            return None
        found = self._cards.named_programs.get(words) or program_in([text], self._cards)
        return found or words.strip().lower().replace(" ", "_")


def _joined_sex(rows: pl.DataFrame) -> pl.DataFrame:
    """Two columns L and P with a mark in one of them are one column."""
    if "sex" in rows.columns or not {"sex_male", "sex_female"} <= set(rows.columns):
        return rows.drop("sex_male", "sex_male#", "sex_female", "sex_female#", strict=False)
    male, female = (pl.col(c).is_not_null() & ~pl.col(c).is_in(["0", "-"]) for c in ("sex_male", "sex_female"))
    sex = pl.when(male & ~female).then(pl.lit("L")).when(female & ~male).then(pl.lit("P"))
    return rows.with_columns(sex=sex).drop("sex_male", "sex_male#", "sex_female", "sex_female#")
