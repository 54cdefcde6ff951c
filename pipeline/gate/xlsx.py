"""A plain XLSX workbook, column by column.

Belongs here: the few parts of the format that a list needs. A general writer takes a call a cell, which for a list of
a province is most of the gate's time; here a column of cells is one expression.

Source: ECMA-376, part 1, SpreadsheetML (inline strings, shared number formats).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

import polars as pl

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)  # the same list gives the same bytes
_TEXT, _NUMBER, _BOLD = 1, 2, 3
_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_SIGNS: Final = r"[&<>\x00-\x08\x0b\x0c\x0e-\x1f]"
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    "</fills><borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True)
class Sheet:
    """One sheet to write.

    ``cells``: ``row`` (number it gets, ascending), and for each physical column j ``c{j}`` (text) and ``n{j}`` (true
    where the text is a number to be kept as one); ``bold``: rows in bold.
    """

    name: str
    cells: pl.DataFrame
    bold: frozenset[int] = frozenset()

    @property
    def width(self) -> int:
        """Number of columns."""
        return (self.cells.width - 1) // 2


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The bytes of a workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, content in _parts(sheets).items():
            package.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _parts(sheets: Sequence[Sheet]) -> dict[str, str]:
    count = range(1, len(sheets) + 1)
    kind = f"{_OFFICE}/worksheet"
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for n in count
    )
    listed = "".join(
        f'<sheet name={quoteattr(sheet.name or "Sheet1")} sheetId="{n}" r:id="rId{n}"/>'
        for n, sheet in zip(count, sheets, strict=True)
    )
    links = "".join(f'<Relationship Id="rId{n}" Type="{kind}" Target="worksheets/sheet{n}.xml"/>' for n in count)
    parts = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/styles.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{types}</Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="rId{len(sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
    return parts | {f"xl/worksheets/sheet{n}.xml": _sheet(s) for n, s in zip(count, sheets, strict=True)}


def _sheet(sheet: Sheet) -> str:
    row = pl.col("row").cast(pl.String)
    style = pl.when(pl.col("row").is_in(sorted(sheet.bold))).then(pl.lit(_BOLD)).otherwise(pl.lit(_TEXT))
    # what follows the column's letter in every cell of a row, made once
    rows = sheet.cells.with_columns(
        text=pl.concat_str(row, pl.lit('" s="'), style, pl.lit('" t="inlineStr"><is><t')),
        quantity=pl.concat_str(row, pl.lit(f'" s="{_NUMBER}"><v>')),
    )
    cells = [_cell(letters(j), rows[f"c{j}"], rows[f"n{j}"]) for j in range(sheet.width)]
    whole = pl.concat_str(pl.lit('<row r="'), row, pl.lit('">'), *cells, pl.lit("</row>"), ignore_nulls=True)
    text = "".join(rows.select(whole).to_series())
    return f'{_HEAD}<worksheet xmlns="{_MAIN}">{_widths(sheet)}<sheetData>{text}</sheetData></worksheet>'


def _cell(letter: str, values: pl.Series, numbers: pl.Series) -> pl.Expr:
    """The XML of one column's cells; null where nothing is written."""
    value, place = pl.col(values.name), pl.lit(f'<c r="{letter}')
    # few columns hold a sign that must be written otherwise, or a blank at an end: the others are not searched again
    space = ' xml:space="preserve">' if (values.str.strip_chars() != values).any() else ">"
    safe = _escaped(value) if values.str.contains(_SIGNS).any() else value
    cell = pl.concat_str(place, "text", pl.lit(space), safe, pl.lit("</t></is></c>"))
    if numbers.any():
        number = pl.concat_str(place, "quantity", value, pl.lit("</v></c>"))
        cell = pl.when(numbers.name).then(number).otherwise(cell)
    return cell


def _escaped(value: pl.Expr) -> pl.Expr:
    """Text as XML: signs of the language as entities, control signs, which no XML can hold, left out."""
    safe = value.str.replace_all(_CONTROL, "")
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        safe = safe.str.replace_all(sign, entity, literal=True)
    return safe


def _widths(sheet: Sheet) -> str:
    longest = sheet.cells.filter(pl.col("row") > max(sheet.bold, default=0)).select(
        pl.col(f"c{j}").str.len_chars().max() for j in range(sheet.width)
    )
    widths = [min(max(w or 0, 8) + 2, 45) for w in (longest.row(0) if longest.height else [0] * sheet.width)]
    columns = "".join(f'<col min="{j}" max="{j}" width="{w}" customWidth="1"/>' for j, w in enumerate(widths, 1))
    return f"<cols>{columns}</cols>" if columns else ""


def letters(j: int) -> str:
    """Name of a column, counted from 0: ``A``, ``B`` … ``AA``."""
    name = ""
    j += 1
    while j:
        j, rest = divmod(j - 1, 26)
        name = chr(65 + rest) + name
    return name
