"""How one file looks: format, headings, ways of writing dates, sex and money, and the rows around the table.

Belongs here: the choice of a look by seed. Not here: turning values into cells (:mod:`pipeline.demo.cells`) and
writing (:mod:`pipeline.demo.files`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from pipeline.demo.dice import Dice

LARGE: Final = 6_000
"""Rows from which a list is written as plain CSV."""


@dataclass(frozen=True)
class Look:
    """The look of one file."""

    workbook: bool
    separator: str
    encoding: str
    database: bool
    """Headings as exported from a database, values plain."""
    dates: str
    """strftime pattern, ``cell`` (a date cell of a workbook) or ``words`` (31 Desember 1989)."""
    caps: bool
    sex: tuple[str, str]
    join_birth: bool
    join_rt_rw: bool
    titles: bool
    column_numbers: str
    """``none``, ``number`` or ``text``."""
    totals: bool
    signature: bool
    sections: bool
    repeat_header: int
    """Rows after which a printed page repeats the header; 0: never."""
    end_mark: bool
    summary_sheet: bool
    stacked_header: bool
    lean: bool
    """A recipients or pay list without birth date, sex and neighbourhood."""
    merged_families: bool
    """On a registry sheet the family number stands once, in a cell merged over the members."""
    money: str
    """``plain``, ``dots`` (200.000) or ``rupiah`` (Rp 200.000)."""
    scientific: bool
    """Lossy numbers in a text file stand as 7,50101E+15 rather than with a nought at the end."""
    variant: int
    """Which headings, titles and file names are taken."""


@cache
def material() -> dict[str, Any]:
    """Headings and lists of ``layouts.yaml``."""
    text = files("pipeline.demo").joinpath("layouts.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506, the C twin of safe_load
    return loaded


_SEXES = (("L", "P"), ("LAKI-LAKI", "PEREMPUAN"), ("Laki-laki", "Perempuan"), ("LK", "PR"), ("1", "2"))


def choose(code: str, area: str, rows: int, dice: Dice) -> Look:
    """The look of the file of a list for an area. The same in every month, as a clerk keeps his template."""
    ask = f"look of {code} {area} "

    def one(question: str, choices: tuple[Any, ...], weights: tuple[float, ...] | None = None) -> Any:
        return dice.one(ask + question, choices, weights)

    def chance(question: str, probability: float) -> bool:
        return bool(one(question, (True, False), (probability, 1 - probability)))

    large = rows > LARGE
    workbook = not large and not chance("as text", float(material()["lists"][code]["text"]))
    plain = not workbook and (large or chance("from a database", 0.4))
    printed = workbook and chance("printed", 0.6)
    table = code == "recipients blt_dd"
    return Look(
        workbook=workbook,
        separator=one("separator", (";", ",", "\t", "|"), (4, 4, 0.7, 0.5)),
        encoding=one("encoding", ("utf-8", "utf-8-sig", "cp1252", "utf-16"), (4, 4, 2, 0.0 if large else 0.7)),
        database=plain and chance("database headings", 0.6),
        dates=one("dates", ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d", "cell", "words"), (4, 4, 2, 2, 0.5)),
        caps=chance("capitals", 0.5),
        sex=one("sex", _SEXES, (6, 2, 1, 0.7, 0.3)),
        join_birth=chance("joined birth", 0.35),
        join_rt_rw=chance("joined rt rw", 0.35),
        titles=table
        or (workbook and chance("titles", 0.85))
        or (not plain and not workbook and chance("titles", 0.25)),
        column_numbers=one("column numbers", ("none", "number", "text"), (3, 2, 1)) if workbook else "none",
        totals=workbook and chance("totals", 0.6),
        signature=workbook and chance("signature", 0.6),
        sections=printed and not table and chance("sections", 0.35),
        repeat_header=45 if printed and chance("repeated header", 0.3) else 0,
        end_mark=workbook and chance("end mark", 0.12),
        summary_sheet=workbook and not table and chance("summary sheet", 0.2),
        stacked_header=workbook and chance("stacked header", 0.2),
        lean=code.startswith(("recipients", "payments")) and chance("lean", 0.3),
        merged_families=workbook and code == "registry" and chance("merged families", 0.25),
        money=one("money", ("plain", "dots", "rupiah"), (6, 1, 0.6)),
        scientific=chance("scientific", 0.6),
        variant=int(dice.one(ask + "variant", tuple(range(60)))),
    )
