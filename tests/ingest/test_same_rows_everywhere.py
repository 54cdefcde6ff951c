"""Laws: for any table, in any format and layout, no row is lost and values come back as written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.ingest.written_lists import (
    Row,
    blank,
    ingested,
    write_csv,
    write_json_lines,
    write_ods,
    write_parquet,
    write_xls,
    write_xlsx,
)

RULES = Path(__file__).parents[2] / "rules"
COLUMNS = ["NO", "NAMA", "NIK", "NO KK", "ALAMAT", "NOMINAL", "KETERANGAN"]

_words = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWYZ '-éñ"), min_size=2, max_size=18).map(str.strip)
_names = st.builds(lambda a, b: f"SITI {a} {b}".strip(), _words, _words)
_niks = st.builds(
    lambda place, day, month, serial: f"{place}{day:02d}{month:02d}85{serial:04d}",
    st.sampled_from(["750116", "750119", "750505"]), st.integers(1, 28), st.integers(1, 12), st.integers(1, 9999),
)  # fmt: skip
_addresses = st.text(st.sampled_from("ABCDEFGHIJ abcdefghij,;|.\"'/\t0123456789\n"), max_size=30).map(
    lambda t: f"JL {t}".strip()
)
_people = st.tuples(_names, _niks, st.one_of(_niks, st.just("")), _addresses, st.integers(1, 10**9))
_broken = st.tuples(st.just(""), st.just(""), st.just(""), _addresses, st.integers(1, 10**9))
_remarks = st.sampled_from(["", "hadir", "belum ambil"])
_tables = st.lists(st.tuples(st.one_of(_people, _people, _people, _broken), _remarks), min_size=1, max_size=12)
_above = st.lists(
    st.sampled_from(["PEMERINTAH KABUPATEN GORONTALO", "DAFTAR PENERIMA PKH", "TAHUN 2026", ""]), max_size=4
)
_below = st.sampled_from(
    [
        [],
        [["JUMLAH", "", "", "", "", 5000]],
        [blank(7), ["", "Mengetahui,"], ["", "Kepala Desa Bakti"], blank(7), ["", "( Hamzah Daud )"]],
        [["Sumber: DTSEN"]],
        [["###"], ["contoh", "SITI CONTOH", "7501160101850001"]],
    ]
)
_FORMATS = (
    "csv ,",
    "csv ;",
    "csv tab",
    "csv utf-16",
    "csv bom",
    "xlsx",
    "xlsx apart",
    "xls",
    "ods",
    "parquet",
    "jsonl",
)


@st.composite
def _lists(draw: st.DrawFn) -> tuple[list[Row], list[Row], list[Row], bool]:
    rows = [[n, *person, remark] for n, (person, remark) in enumerate(draw(_tables), 1)]
    above = [[text] for text in draw(_above)]
    return above, rows, draw(_below), draw(st.booleans())


def _write(folder: Path, form: str, rows: list[Row], header: Row, people: list[Row]) -> int:
    """Write the list; the row number of the first person."""
    padded = [[*row, *blank(7 - len(row))] for row in rows]
    first = rows.index(header) + 2
    kind, _, option = form.partition(" ")
    if kind == "csv":
        separator = {",": ",", ";": ";", "tab": "\t"}.get(option, ";")
        encoding = {"utf-16": "utf-16", "bom": "utf-8-sig"}.get(option, "utf-8")
        write_csv(folder / "PKH.csv", padded, separator=separator, encoding=encoding)
    elif kind == "xlsx":
        write_xlsx(folder / "PKH.xlsx", {"Data": rows}, at=(3, 2) if option else (0, 0))
        first += 3 if option else 0
    elif kind == "xls":
        write_xls(folder / "PKH.xls", {"Data": rows})
    elif kind == "ods":
        write_ods(folder / "PKH.ods", {"Data": rows})
    elif kind == "parquet":
        write_parquet(folder / "PKH.parquet", header, people)
    else:
        write_json_lines(folder / "PKH.jsonl", header, people)
    return first if kind not in ("parquet", "jsonl") else 2


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(_lists(), st.sampled_from(_FORMATS))
def test_rows_in_are_rows_out_and_values_come_back(
    written: tuple[list[Row], list[Row], list[Row], bool], form: str
) -> None:
    above, people, below, numbered = written
    # JSON lines have no header row: a column that no record fills is not there to recognise the list by
    assume(form != "jsonl" or any(row[1] and row[2] for row in people))
    header: Row = list(COLUMNS)
    rows = [*above, header, *([list(range(1, 8))] if numbered else []), *people, *below]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        first = _write(raw, form, rows, header, people)
        found = ingested(raw, RULES)
    columnar = form in ("parquet", "jsonl")
    first += int(numbered and not columnar)
    books = found.files.row(0, named=True)
    given_rows = people if columnar else rows
    assert books["rows_total"] == sum(any(v != "" for v in row) for row in given_rows)
    assert books["rows_total"] == books["rows_accepted"] + books["rows_quarantined"] + books["rows_layout"]
    named = {first + i: row for i, row in enumerate(people) if row[1]}
    assert found.rows() == sorted(named)
    assert sorted(found.quarantined()) == [first + i for i, row in enumerate(people) if not row[1]]
    for number, row in named.items():
        assert found.column("name_raw")[number] == " ".join(row[1].split())
        assert found.column("nik")[number] == row[2]
        assert found.column("amount")[number] == row[5]
        assert found.column("reason")[number] == (row[6] or None)
