"""What the titles above a list, the sheet's and the file's name say: place, program, month.

Belongs here: reading words out of free text. Not here: whether such a place exists (:mod:`pipeline.regions`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from pipeline.ingest.cards import Cards, words_of

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "JANUARI JANUARY JAN", "FEBRUARI FEBRUARY PEBRUARI FEB PEB", "MARET MARCH MAR", "APRIL APR", "MEI MAY",
            "JUNI JUNE JUN", "JULI JULY JUL", "AGUSTUS AUGUST AGU AGS AGT AUG", "SEPTEMBER SEPT SEP",
            "OKTOBER OCTOBER OKT OCT", "NOVEMBER NOPEMBER NOV NOP", "DESEMBER DECEMBER DES DEC",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_LEVELS: Final = (
    ("desa", r"DESA ?/ ?KEL(?:URAHAN)?|KEL(?:URAHAN)? ?/ ?DESA|DESA|KELURAHAN|KEL|DS"),
    ("kecamatan", r"KECAMATAN|KEC"),
    ("kabupaten", r"KABUPATEN ?/ ?KOTA|KAB ?/ ?KOTA|KABUPATEN|KAB|KOTA"),
    ("provinsi", r"PROVINSI|PROPINSI|PROV"),
)
_KEYWORD: Final = re.compile("|".join(rf"(?P<{level}>\b(?:{words})\b)" for level, words in _LEVELS))
_NO_PLACE_BEFORE: Final = re.compile(
    r"(DANA|MUSYAWARAH|MUSDES|PERANGKAT|APARAT|APARATUR|ANGGARAN|BADAN|USULAN|PEMBANGUNAN|PEMBERDAYAAN|BANTUAN|KAS"
    r"|PEMERINTAHAN)\s*$"
)
_END_OF_NAME: Final = re.compile(
    r"[,;:()\n\t|]|\d|\b(?:" + "|".join(n for n in _MONTHS if len(n) > 3)
    + r"|TAHUN|BULAN|PERIODE|TAHAP|TRIWULAN|TW|ANGGARAN|PROGRAM|DINAS|BADAN|KANTOR|SEKRETARIAT|DAFTAR|DATA|BANTUAN"
    r"|PENERIMA|KPM|BLT|PKH|RT|RW|DUSUN|DAN|YANG|UNTUK|KEADAAN|PER|TA|REKAP|REKAPITULASI|TOTAL|JUMLAH|SE)\b"
)  # fmt: skip
_GENERIC_SHEET: Final = re.compile(
    r"^(SHEET|LEMBAR|LEMBAR KERJA|DATA|DAFTAR|TABLE|TABEL|WORKSHEET|HALAMAN|PAGE|BNBA|LIST|PESERTA|FORM|FORMAT|FINAL"
    r"|COPY|HASIL|SEMUA|ALL|GABUNGAN)? ?\(?\d*\)?$"
)


@dataclass(frozen=True)
class Place:
    """Names of places as written, upper case; None where nothing is said."""

    desa: str | None = None
    kecamatan: str | None = None
    kabupaten: str | None = None

    def over(self, weaker: Place) -> Place:
        """This place, filled up from a weaker source that does not contradict it."""
        if self.kecamatan and weaker.kecamatan and self.kecamatan != weaker.kecamatan:
            weaker = Place(kabupaten=weaker.kabupaten)
        return Place(self.desa or weaker.desa, self.kecamatan or weaker.kecamatan, self.kabupaten or weaker.kabupaten)


def place_in(text: str) -> Place:
    """The place a text names: ``DESA BONTULA KECAMATAN ASPARAGA KABUPATEN GORONTALO``."""
    upper = re.sub(r"[\s_]+", " ", text.upper())
    marks: list[re.Match[str]] = []
    for mark in _KEYWORD.finditer(upper):
        if marks and mark["kabupaten"] == "KOTA" and not upper[marks[-1].end() : mark.start()].strip(" .:"):
            continue  # KECAMATAN KOTA TENGAH: part of the name
        marks.append(mark)
    found: dict[str, str] = {}
    for mark, following in zip_longest(marks, marks[1:]):
        level = mark.lastgroup or ""
        value = upper[mark.end() : following.start() if following else len(upper)].lstrip(" .:-/")
        name = value[: end.start()] if (end := _END_OF_NAME.search(value)) else value
        name = name.strip(" .-/'\"")
        if name and level not in found and not _NO_PLACE_BEFORE.search(upper[: mark.start()]):
            found[level] = _with_level(mark[0], name) if level == "kabupaten" else name
    return Place(found.get("desa"), found.get("kecamatan"), found.get("kabupaten"))


def _with_level(keyword: str, name: str) -> str:
    """Kabupaten Gorontalo and Kota Gorontalo are two: the level stays with the name where it is said."""
    return name if "/" in keyword else f"{'KOTA' if keyword == 'KOTA' else 'KABUPATEN'} {name}"


def places_in(texts: list[str]) -> Place:
    """The place several titles name together, the first that says a level counting."""
    place = Place()
    for text in texts:
        place = place.over(place_in(text))
    return place


def bare_name(sheet: str) -> str | None:
    """The name of a sheet that could be a place: neither a number, nor ``Sheet1``, nor without letters."""
    upper = re.sub(r"[\s_]+", " ", sheet.upper()).strip()
    upper = re.sub(r"^\d+[. )-]+", "", upper)
    if _GENERIC_SHEET.match(upper) or not re.search(r"[A-Z]{3}", upper):
        return None
    return re.sub(r"\s*\(?\d+\)?$", "", upper) or None


def month_in(texts: list[str]) -> str | None:
    """The month a text names, as ``YYYY-MM``; None where there is none or more than one."""
    for text in texts:
        words = words_of(text.replace("_", " "))
        months = {
            f"{year}-{_MONTHS[name]:02d}" for name, year in re.findall(rf" ({'|'.join(_MONTHS)}) (?=(20\d\d) )", words)
        }
        months |= {f"{y}-{m}" for y, m in re.findall(r" (20\d\d) ?(0[1-9]|1[0-2]) ", words)}
        if len(months) == 1:
            return months.pop()
    return None


def program_in(texts: list[str], cards: Cards) -> str | None:
    """The program the first text names that names exactly one, or exactly one with rules: BPNT DAN BANTUAN BERAS."""
    for text in texts:
        words = words_of(text)
        found = [alias for alias in cards.named_programs if alias in words]
        longest = [a for a in found if not any(a != b and a in b for b in found)]
        codes = {cards.named_programs[a] for a in longest}
        for named in (codes, codes & set(cards.programs.values())):
            if len(named) == 1:
                return named.pop()
    return None
