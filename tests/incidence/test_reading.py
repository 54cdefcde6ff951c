"""Files as people have them: encodings, number formats, titles above the header, and what is said of one that fails."""

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.incidence import Request, incidence
from pipeline.incidence.numbers import ENOUGH

ASKED = Request("pengeluaran", "bantuan", line="900", weight="bobot")
ROWS = [("1234.5", "200000", "1.5"), ("2000.25", "0", "2"), ("800.75", "100000", "1")]


def written(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def listed(separator, rows=ROWS, header=("pengeluaran", "bantuan", "bobot")):
    return "\n".join(separator.join(row) for row in (header, *rows)) + "\n"


def indonesian(number):
    whole, _, part = number.partition(".")
    return f"{int(whole):,}".replace(",", ".") + (f",{part}" if part else "")


HERE = [tuple(map(indonesian, row)) for row in ROWS]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    frame = pl.DataFrame(ROWS, schema=["pengeluaran", "bantuan", "bobot"], orient="row").cast(pl.Float64)
    frame.write_parquet(folder / "survei.parquet")
    return incidence(folder / "survei.parquet", ASKED).as_dicts()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (listed(","), "utf-8"),
        (listed(","), "utf-8-sig"),
        (listed("\t"), "utf-16"),
        (listed(";"), "cp1252"),
        (listed("|"), "utf-8"),
        (listed(";", HERE), "utf-8"),
        (listed(";", [(f"Rp {y}", f"Rp. {b}", f"'{w}") for y, b, w in HERE]), "utf-8"),
        (listed(";", [(y, f"{b},-", w) for y, b, w in HERE]), "utf-8"),
        (listed(",", header=("PENGELUARAN", " Bantuan", "bobot ")), "utf-8"),
        ("SURVEI 2026,,\n,,\n" + listed(","), "utf-8"),
        (listed(",") + ",,\n\n,,\n", "utf-8"),
        (listed(";", [(*row, "José") for row in HERE], ("pengeluaran", "bantuan", "bobot", "nama")), "cp1252"),
    ],
    ids=[
        "comma", "bom", "utf16-tab", "semicolon", "bar", "1.234,5", "rupiah", "comma-dash", "other-letters", "titles",
        "blank-lines", "cp1252",
    ],
)  # fmt: skip
def test_the_same_numbers_come_out_however_the_file_is_written(tmp_path, expected, text, encoding):
    assert incidence(written(tmp_path, "survei.csv", text, encoding), ASKED).as_dicts() == expected


def test_a_workbook_is_read_below_its_titles(tmp_path, expected):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Survei rumah tangga"])
    book.active.append([])
    book.active.append(["pengeluaran", "bantuan", "bobot"])
    for row in ROWS:
        book.active.append([float(cell) for cell in row])
    book.save(tmp_path / "survei.xlsx")
    assert incidence(tmp_path / "survei.xlsx", ASKED).as_dicts() == expected


@pytest.mark.parametrize(
    ("cells", "reading"),
    [
        (["1.250", "350"], 1.25),  # amounts in thousands have no such small ones beside them
        (["1.250", "2.500"], 1250),
        (["1.250.000", "1.250"], 1250),
        (["1.250", "7.5"], 1.25),
        (["1,250", "7,5"], 1.25),
        (["1,250.50", "1,250"], 1250),
        (["1.250", "0.325"], 1.25),
        (["1.250", "1e3"], 1.25),
    ],
)
def test_a_mark_is_read_as_the_rest_of_its_column_has_it(tmp_path, cells, reading):
    text = "y;b\n" + "\n".join(f"{cell};1" for cell in cells)
    path = written(tmp_path, "marks.csv", text)
    share = incidence(path, Request("y", "b", line=str(reading + 0.001))).value("fgt0_after")
    other = incidence(path, Request("y", "b", line=str(reading))).value("fgt0_after")
    assert share - other == pytest.approx(sum(cell in ("1.250", "1,250") for cell in cells) / len(cells))


def test_a_mark_that_may_be_either_is_read_and_said(tmp_path):
    result = incidence(written(tmp_path, "either.csv", "y;b\n1.250;1\n2.500;0\n"), Request("y", "b"))
    assert any("1.250 is read as 1250" in notice for notice in result.notices)


@pytest.mark.parametrize("blank", ["", "-", ".", "NA", "n/a", "NaN", "null", "Tidak ada"])
def test_missing_is_missing_however_it_is_written(tmp_path, blank):
    path = written(tmp_path, "gaps.csv", f"y,b\n10,1\n20,{blank}\n30,0\n")
    result = incidence(path, Request("y", "b", line="25"))
    assert result.value("coverage") == 1 / 2
    assert result.value("fgt0_after") == 2 / 3
    assert any("1 of 3 rows: no benefit" in notice for notice in result.notices)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("pengeluaran,bantuan,bobot\n", "a header without rows"),
        ("pengeluaran,bantuan\n1,2\n", "no column 'bobot'"),
        ("pengluaran,bantuan,bobot\n1,2,3\n", "did you mean 'pengluaran'"),
        ("pengeluaran,bantuan,bobot\n1,2,1\nseratus,2,1\n", r"row 3, column 'pengeluaran': 'seratus'"),
        ("pengeluaran,bantuan,bobot\n1,10%,1\n", r"row 2, column 'bantuan': '10%'"),
        ("pengeluaran,bantuan,bobot\n1,2,1\n3,4,-2\n", "row 3, column 'bobot': -2"),
        ("pengeluaran,bantuan,bobot\n1,2,0\n3,4,0\n", "weights add up to 0"),
        ("pengeluaran,bantuan,bobot\n1,2,inf\n", r"column 'bobot': 'inf'"),
        ("pengeluaran,bantuan,bobot\n1,2,1\n-Infinity,2,1\n", r"row 3, column 'pengeluaran': '-Infinity'"),
        ("pengeluaran,bantuan,bobot\n" + "x,1,1\n" * 9, "and 4 more such rows"),
    ],
)
def test_a_file_that_cannot_be_measured_is_refused_with_its_row_and_column(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        incidence(written(tmp_path, "survei.csv", text), ASKED)


def test_a_size_of_nobody_is_refused_and_a_negative_benefit_is_said(tmp_path):
    path = written(tmp_path, "size.csv", "y,b,n\n1,2,1\n3,4,0\n")
    with pytest.raises(InputError, match="a number above 0"):
        incidence(path, Request("y", "b", size="n"))
    path = written(tmp_path, "back.csv", "y,b\n1,2\n3,-4\n")
    assert any("below 0" in notice for notice in incidence(path, Request("y", "b")).notices)


@pytest.mark.parametrize("flag", ["1", "ya", "TRUE", "Yes", "1.0"])
def test_served_may_be_written_in_several_ways_but_never_guessed(tmp_path, flag):
    path = written(tmp_path, "served.csv", f"y,b,s\n1,2,{flag}\n3,4,tidak\n5,6,\n")
    assert incidence(path, Request("y", "b", served="s")).value("coverage") == 1 / 2
    path = written(tmp_path, "coded.csv", "y,b,s\n1,2,1\n3,4,2\n")
    with pytest.raises(InputError, match="ya/tidak"):
        incidence(path, Request("y", "b", served="s"))


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_psu_must_be_known_for_every_unit(tmp_path, blank):
    path = written(tmp_path, "psu.csv", f"y,b,psu\n1,2,a\n3,4,{blank}\n5,6,b\n")
    with pytest.raises(InputError, match=r"row 3, column 'psu'"):
        incidence(path, Request("y", "b", psu="psu"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("y,b,y\n1,2,3\n", r"heads.csv, row 1: 'y' may be any of 2 columns: 'y' in column 1, 'y' in column 3"),
        ("Daftar penerima\n\ny,b,y\n1,2,3\n", r"heads.csv, row 3: 'y' may be any of 2 columns"),
        ("Y,b, y\n1,2,3\n", r"'y' may be any of 2 columns: 'Y' in column 1, ' y' in column 3"),
    ],
)
def test_a_heading_over_several_columns_is_refused_and_not_the_first_taken(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        incidence(written(tmp_path, "heads.csv", text), Request("y", "b"))


def test_a_heading_that_stands_twice_is_no_matter_where_it_is_not_asked_for(tmp_path):
    path = written(tmp_path, "heads.csv", "y,b,catatan,catatan,Y\n1,2,a,b,9\n3,0,c,d,9\n")
    assert incidence(path, Request("y", "b")).value("coverage") == 1 / 2
    assert incidence(path, Request("y", "b", line="2")).value("fgt0_after") == 1 / 2  # `y` as written, not `Y`


@pytest.mark.parametrize(
    ("first", "later", "reading"),
    [
        ("10", "NA", None),
        ("10", "1.250.000", 1_250_000),
        ("10.5", "1,250.5", 1250.5),
        ("10.5", "", None),
        ("10", "7", 7),
    ],
)
def test_a_cell_far_down_is_read_as_if_it_stood_at_the_top(tmp_path, first, later, reading):
    top = "\n".join([f'"{first}",1'] * (ENOUGH + 5))
    path = written(tmp_path, "long.csv", f'y,b\n{top}\n"{later}",1\n')
    answer = incidence(path, Request("y", "b", line="1000000000"))
    mean_gap = [1 - y / 1e9 for y in [float(first)] * (ENOUGH + 5) + ([] if reading is None else [reading])]
    assert answer.value("fgt1_after") == pytest.approx(sum(mean_gap) / len(mean_gap), abs=1e-12)
    assert any("no welfare" in notice for notice in answer.notices) == (reading is None)


def test_a_cell_that_is_no_number_far_down_is_refused_with_its_row(tmp_path):
    path = written(tmp_path, "long.csv", "y,b\n" + "10,1\n" * (ENOUGH + 5) + "sepuluh,1\n")
    with pytest.raises(InputError, match=f"row {ENOUGH + 7}, column 'y': 'sepuluh'"):
        incidence(path, Request("y", "b"))


def test_groups_of_a_text_file_are_its_words_without_blanks_around_them(tmp_path):
    path = written(tmp_path, "desa.csv", "y,b,desa\n1,1,01\n2,0, 01\n3,0,1\n4,1,\n5,1,b\n")
    records = incidence(path, Request("y", "b", by=("desa",))).records
    covered = {r.group: (r.numerator, r.denominator) for r in records if r.measure == "coverage"}
    assert covered == {
        "all": (3, 5), "desa=01": (1, 2), "desa=1": (0, 1), "desa=b": (1, 1), "desa=missing": (1, 1),
    }  # fmt: skip
    clean = written(tmp_path, "clean.csv", "y,b,desa\n1,1,b\n2,0,a\n3,0,b\n")
    found = {
        r.group: r.value for r in incidence(clean, Request("y", "b", by=("desa",))).records if r.measure == "coverage"
    }
    assert found == {"all": 1 / 3, "desa=a": 0, "desa=b": 1 / 2}
