"""``quality.html``: what arrived, what is wrong with it, and what to ask the sender of each file to mend.

Belongs here: putting the stage's tables into the order in which somebody reads them. Not here: how it looks
(``quality.html.j2`` and :mod:`pipeline.look`). One file without scripts or anything from outside; it names files,
sheets and rows and holds no data of persons.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.look.numbers import Numbers
from pipeline.look.page import render
from pipeline.period import Period
from pipeline.privacy import scrub
from pipeline.store import Store
from pipeline.tables import NOTICES, QUALITY_RESULTS, QUALITY_SHEETS, QUARANTINE, SOURCE_FILES
from pipeline.validate.cards import SEVERITIES, Check, CheckFile
from pipeline.validate.summary import file_weights, quality_summary
from pipeline.validate.written import Words
from pipeline.whole import write_whole

PAGE = "quality.html"
OPEN_FILES = 8
"""Files shown unfolded; the rest unfold on a tap."""

SHEETS_NAMED = 4
"""Sheets of which row numbers are shown, per check and file."""

KIND_WORDS = {
    "registry": "DTSEN/DTKS",
    "recipients": "penerima",
    "payments": "daftar bayar",
    "transactions": "transaksi KKS",
    "deaths": "kematian",
    "employment": "pekerjaan",
    "companions": "pendamping",
    "tksk": "TKSK",
    "ppks": "PPKS",
    "proposals": "usulan",
    "outcomes": "hasil kunjungan",
    "none": "bukan data",
}

QUARANTINE_WORDS = {
    "no_identity": "tanpa nama, NIK dan nomor KK",
    "placeholder": "nama hanya pengisi (-, XXX) dan tanpa nomor",
    "no_number": "ada nama, tetapi tanpa NIK dan nomor KK",
    "name_only": "hanya nama, tanpa NIK dan tanggal lahir",
    "no_amount": "tanpa jumlah uang",
    "no_card": "tanpa nomor kartu",
    "bad_amount": "jumlah uang tidak terbaca",
    "bad_time": "waktu tidak terbaca",
}

NOTICE_WORDS = {
    "broken_off": "baris terakhir tidak lengkap: berkas mungkin terpotong, minta dikirim sekali lagi",
    "accepted_smaller": "data lebih sedikit dari bulan lalu, diterima atas permintaan",
    "vanished_kecamatan": "kecamatan yang bulan lalu ada, sekarang tidak ada",
    "vanished_desa": "desa yang bulan lalu ada, sekarang tidak ada",
    "unknown_program": "program yang tidak dikenal",
    "unknown_employment_type": "jenis pekerjaan yang tidak dikenal",
    "unknown_column": "kolom yang tidak dikenal (isinya tidak dipakai)",
    "unknown_sheet": "lembar yang tidak dikenal (isinya tidak dipakai)",
    "day_unreadable": "tanggal kunjungan yang tidak terbaca",
    "unknown_word": "kata yang tidak dikenal di kolom pilihan",
    "empty_sheet": "lembar kosong",
    "no_rows": "judul kolom tanpa baris data",
    "several_names": "satu baris menyebut beberapa orang",
    "region_code": "kode wilayah yang tidak sesuai dengan namanya",
    "region_unclear": "nama wilayah yang bisa berarti lebih dari satu tempat",
    "region_unknown": "nama wilayah yang tidak ditemukan",
    "region_spelling": "nama wilayah yang dibaca sebagai nama resmi terdekat",
}
"""Notices of ingest in words, the weightier ones first; a code that is not here stands for itself."""


@dataclass(frozen=True)
class Broken:
    """One check that rows of one file broke."""

    severity: str
    reason: Words
    ask: Words
    n_checked: int
    n_unexpected: int
    places: tuple[tuple[str, str], ...]
    """(sheet, row numbers as text)"""
    more_sheets: int

    @property
    def share(self) -> float:
        """Share of the rows looked at."""
        return self.n_unexpected / self.n_checked if self.n_checked else 0.0


@dataclass(frozen=True)
class File:
    """One source file: its sheets, its quarantine, what to ask its sender."""

    name: str
    sheets: list[dict[str, Any]]
    quarantine: list[tuple[str, int]]
    broken: list[Broken]
    unknown_columns: list[str]

    @property
    def kinds(self) -> str:
        """Kinds and programs of its sheets, in words."""
        found = {
            " ".join(filter(None, [KIND_WORDS.get(s["kind"], s["kind"]), (s["program"] or "").upper()]))
            for s in self.sheets
            if s["kind"] != "none"
        }
        return ", ".join(sorted(found)) or KIND_WORDS["none"]

    def rows(self, name: str) -> int:
        """Rows of all sheets: ``total``, ``accepted``, ``quarantined`` or ``layout``."""
        return sum(s[f"rows_{name}"] or 0 for s in self.sheets)


def write_page(store: Store, period: Period, rules: dict[str, CheckFile]) -> Path:
    """Write ``quality.html`` beside the stage's tables; the path."""
    words = {(suite, check.id): check for suite, file in rules.items() for check in file.checks}
    files = _files(store, words)
    results = store.read(QUALITY_RESULTS).to_dicts()
    context = {
        "month": Numbers("id").month(str(period)),
        "files": files,
        "open_files": OPEN_FILES,
        "totals": {name: sum(f.rows(name) for f in files) for name in ("total", "accepted", "quarantined", "layout")},
        "summary": quality_summary(store),
        "suites": [(rules[suite].title, rows) for suite, rows in _suites(results, words)],
        "notices": _notices(store),
        "kind_words": KIND_WORDS,
    }
    return write_whole(store.folder / PAGE, render(Path(__file__).parent, "quality.html.j2", "id", context))


def _files(store: Store, words: dict[tuple[str, str], Check]) -> list[File]:
    """All files, the one that most needs mending first; then those with quarantine, then by name."""
    sources = store.read(SOURCE_FILES).sort("source_file", "sheet")
    broken = _broken(store, words)
    reasons = store.scan(QUARANTINE).group_by("source_file", "reason").len("n")
    quarantine = _by_file(reasons.sort("n", "reason", descending=[True, False]).collect())
    weight = dict(file_weights(store).select("source_file", "weight").iter_rows())
    files = [
        File(
            name=name,
            sheets=sheets,
            quarantine=[(QUARANTINE_WORDS.get(q["reason"], q["reason"]), q["n"]) for q in quarantine.get(name, [])],
            broken=broken.get(name, []),
            unknown_columns=sorted({c for s in sheets for c in json.loads(s["unknown_columns"] or "[]")}),
        )
        for name, sheets in _by_file(sources).items()
    ]
    return sorted(files, key=lambda f: (-weight.get(f.name, 0.0), -f.rows("quarantined"), f.name))


def _by_file(frame: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row["source_file"], []).append(row)
    return found


def _broken(store: Store, words: dict[tuple[str, str], Check]) -> dict[str, list[Broken]]:
    """Broken checks by file, the gravest and most frequent first."""
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in store.read(QUALITY_SHEETS).sort("n_unexpected", "sheet", descending=[True, False]).iter_rows(named=True):
        grouped.setdefault((row["source_file"], row["suite"], row["check_id"]), []).append(row)
    found: dict[str, list[Broken]] = {}
    for (file, suite, check_id), rows in grouped.items():
        check = words[suite, check_id]
        found.setdefault(file, []).append(
            Broken(
                severity=check.severity,
                reason=check.reason,
                ask=check.ask,
                n_checked=sum(r["n_checked"] for r in rows),
                n_unexpected=sum(r["n_unexpected"] for r in rows),
                places=tuple((r["sheet"], _row_numbers(r)) for r in rows[:SHEETS_NAMED]),
                more_sheets=max(len(rows) - SHEETS_NAMED, 0),
            )
        )
    for checks in found.values():
        checks.sort(key=lambda b: (SEVERITIES.index(b.severity), -b.n_unexpected, b.reason.id))
    return found


def _row_numbers(row: dict[str, Any]) -> str:
    first = json.loads(row["first_rows"])
    return ", ".join(str(n) for n in first) + (", …" if row["n_unexpected"] > len(first) else "")


def _suites(
    results: list[dict[str, Any]], words: dict[tuple[str, str], Check]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Results of all checks by kind of source: could not run, failed, passed; the gravest first."""
    order = ("could_not_run", "failed", "passed")
    by_suite: dict[str, list[dict[str, Any]]] = {}
    for row in results:
        by_suite.setdefault(row["suite"], []).append({**row, "reason": words[row["suite"], row["check_id"]].reason})
    for rows in by_suite.values():
        rows.sort(
            key=lambda r: (
                order.index(r["outcome"]),
                SEVERITIES.index(r["severity"]),
                -r["n_unexpected"],
                r["check_id"],
            )
        )
    return sorted(by_suite.items())


def _notices(store: Store) -> list[tuple[str, list[dict[str, Any]]]]:
    """Notices of ingest by what they say, the weightier first; in each, those that concern most rows first."""
    order = ["n_rows", *NOTICES.keys]
    frame = store.read(NOTICES).sort(order, descending=[c == "n_rows" for c in order], nulls_last=True)
    by_code: dict[str, list[dict[str, Any]]] = {code: [] for code in NOTICE_WORDS}
    for row in frame.iter_rows(named=True):
        hidden = {"subject": scrub(row["subject"]), "message": scrub(row["message"] or "")}
        by_code.setdefault(row["code"], []).append({**row, **hidden})
    return [(NOTICE_WORDS.get(code, code), rows) for code, rows in by_code.items() if rows]
