"""Names: what is taken off and what stays."""

from __future__ import annotations

from tests.ingest.clean.raw_cells import cleaned

NAMES: list[tuple[str, str | None, str | None]] = [
    ("Ahmad Karim Lihawa, S.Sos", "AHMAD KARIM LIHAWA", None),
    ("HJ. FATMAH DATAU, S.Pd", "FATMAH DATAU", None),
    ("HJ.FATMAH", "FATMAH", None),
    ("Drs. H. Ali Hasan M.Si", "ALI HASAN", None),
    ("ALI S.H., M.H", "ALI", None),
    ("SITI S.Pd.I", "SITI", None),
    ("AMINA HULOPI, SE", "AMINA HULOPI", None),
    ("KADIR BA", "KADIR BA", None),  # two letters without dot or comma may be a name
    ("RAHMAT LIHAWA (ALM)", "RAHMAT LIHAWA", None),
    ("ALM. RAHMAT", "RAHMAT", None),
    ("MARYAM BINTI HARUN", "MARYAM BINTI HARUN", None),
    ("MD. YUSUF", "MD YUSUF", None),
    ("UTEN / RAHMAT LIHAWA", "UTEN", "RAHMAT LIHAWA"),
    ("RAHMAT ALIAS UTEN", "RAHMAT", "UTEN"),
    ("RAHMAT (UTEN)", "RAHMAT", "UTEN"),
    ("ANDI & BUDI", "ANDI", "BUDI"),
    ("NUR AIN OLI'I", "NUR AIN OLII", None),
    ("NUR-AIN", "NUR AIN", None),
    ("RAHMAT.L", "RAHMAT L", None),
    ("  SITI   AMINAH ", "SITI AMINAH", None),
    ("R0NI", "RONI", None),
    ("DJAFAR OESMAN", "DJAFAR OESMAN", None),  # spelling stays
    ("José", "JOSE", None),
    ("محمد علي", "محمد علي", None),
    ("IBU", "IBU", None),  # nothing would remain
    *((p, None, None) for p in ("-", "XXX", "N/A", "TIDAK ADA", "DATA KOSONG", "TIDAK ADA NAMA", "?", "123", "nn")),
]


def test_name() -> None:
    rows = cleaned(name=[written for written, _, _ in NAMES]).accepted
    assert list(zip((n[0] for n in NAMES), rows["name"], rows["other_names"], strict=True)) == NAMES
    assert rows["name_raw"].to_list() == [" ".join(written.split()) for written, _, _ in NAMES]


def test_marks_of_death_and_second_names_are_told() -> None:
    notices = cleaned(name=["ALI (ALM)", "UTEN / RAHMAT", "ANI"]).notices
    assert notices.select("code", "n_rows").rows() == [("death_mark", 1), ("several_names", 1)]


def test_titles_come_off_the_mother_and_the_companion_too() -> None:
    row = cleaned("recipients", mother_name=["Hj. ASNA"], companion=["Sri Wahyuni, S.Sos"]).accepted.row(0, named=True)
    assert (row["mother_name"], row["companion"]) == ("ASNA", "SRI WAHYUNI")
