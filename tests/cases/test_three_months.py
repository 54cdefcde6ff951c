"""Three months through the whole pipeline: two families under one card, then apart again, and a third that splits."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.audit.verify import verify
from pipeline.cases.returning import take_outcomes
from pipeline.compare import compare
from pipeline.database import DATABASE, opened
from pipeline.history import frame_of
from pipeline.period import Period
from pipeline.run import Job, run
from pipeline.worklist.stage import make_worklists

HEADER = ("NIK", "NO KK", "NAMA", "TANGGAL LAHIR", "JENIS KELAMIN", "HUBUNGAN", "ALAMAT", "DESA", "KECAMATAN", "DESIL")
FIRST = ("KARIM", "USMAN", "YUSUF", "HASAN", "IBRAHIM", "SALEH", "AHMAD", "RIDWAN", "TAUFIK", "HAMZAH")
WIVES = ("RAHMA", "FATIMAH", "HAWA", "MARYAM", "SALMA", "AISYAH", "ZAINAB", "HALIMAH", "RUKIA", "SURIATI")
MONTHS = ("2026-08", "2026-09", "2026-10")
SAID = datetime(2026, 11, 20, 9, 0)


def card(number: int) -> str:
    return f"75011901012{number:05d}"


def family(number: int, no_kk: str, home: int) -> list[dict[str, Any]]:
    """A couple, old and poor, and their grown son; ``home`` is the house they live in."""
    people = (
        (FIRST[number], "L", "Kepala Keluarga", f"12/03/{1940 + number}", f"120340{number:04d}"),
        (WIVES[number], "P", "Istri", f"05/07/{1942 + number}", f"450742{number:04d}"),
        (f"{FIRST[-number - 1]} {FIRST[number]}", "L", "Anak", f"21/09/{1985 + number}", f"210985{number:04d}"),
    )
    return [
        dict(zip(HEADER, (
            f"750119{tail[:4]}{int(day[-4:]) % 100:02d}{tail[-4:]}", no_kk, name, day, sex, relation,
            f"JL MAWAR {home} RT 1 RW 1", "TERATAI", "TABONGO", 1,
        ), strict=True))
        for name, sex, relation, day, tail in people
    ]  # fmt: skip


def month(folder: Path, period: str) -> None:
    """All families unserved but three. September: family 2 is written under the card of family 1. October: the son of
    family 4 has a card and a house of his own."""
    rows = []
    for number in range(1, 9):
        written = card(1) if number == 2 and period == "2026-09" else card(number)
        rows += family(number, written, 1 if written == card(1) else number)
    if period == "2026-10":
        (son,) = (r for r in rows if r["NAMA"] == f"{FIRST[-5]} {FIRST[4]}")
        son |= {"NO KK": card(44), "HUBUNGAN": "Kepala Keluarga", "ALAMAT": "JL MELATI 44 RT 2 RW 1"}
    folder.mkdir(parents=True)
    tksk = [{"NAMA TKSK": "SITI HASAN", "KECAMATAN": "TABONGO", "NO HP": "081200000000"}]
    paid = [r | {"NOMINAL": 300000} for r in rows if r["HUBUNGAN"] == "Kepala Keluarga" and r["NO KK"] > card(5)]
    for name, lines in (("dtsen.csv", rows), ("penerima pkh.csv", paid), ("tksk.csv", tksk)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)


def ask(out: Path, query: str) -> list[dict[str, Any]]:
    with opened(out / DATABASE, read_only=True) as connection:
        return frame_of(connection, query).to_dicts()


@pytest.mark.nightly
def test_merged_parted_and_split(rules: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lists: dict[str, str] = {}
    for n, period in enumerate(MONTHS):
        month(tmp_path / "raw" / period, period)
        done = run(Job(Period.parse(period), tmp_path / "raw" / period, out, rules), lambda _: None)
        make_worklists(out, Period.parse(period), rules, now=datetime(2026, 9 + n, 2, 8, 0), say=lambda _: None)
        lists[period] = done.run_id[:14]
        if period == "2026-09":
            assert [c["decision"] for c in ask(out, "select * from audit.cases where state = 'closed'")] == ["merged"]
    events = ask(out, "select event, case_id, other_case from audit.case_events where event in ('unmerged', 'parted')")
    assert [e["event"] for e in events] == ["unmerged", "parted"]
    cases = ask(out, "select c.*, h.no_kk from audit.cases c join latest.households h on h.household_id = c.subject_id "
                "and h.period = '2026-10' order by h.no_kk")  # fmt: skip
    homes = {c["no_kk"]: c for c in cases}
    for number in (1, 2, 4):
        assert homes[card(number)]["state"] in ("assigned", "reopened"), number
    for case in cases:  # each finding about a household stands in the case of that household
        for key in json.loads(case["finding_keys"]):
            (found,) = ask(out, "select distinct coalesce(p.household_id, f.subject_id) as home from latest.findings f "
                           "left join latest.persons p on p.person_id = f.subject_id and p.period = f.period "
                           f"where f.period = '2026-10' and f.finding_key = '{key}'")  # fmt: skip
            assert found["home"] == case["subject_id"]
    revived, other = events[0]["case_id"], events[0]["other_case"]
    for printed, number, applied in (("2026-09", other, 0), ("2026-10", other, 1), ("2026-08", revived, 1)):
        path = tmp_path / f"hasil {printed} {number}.csv"
        path.write_text(
            "ID KASUS;HASIL;TANGGAL KUNJUNGAN;PETUGAS;KODE DAFTAR\n"
            f"{number};Layak;15/10/2026;SITI HASAN;{lists[printed]}\n", encoding="utf-8",
        )  # fmt: skip
        taken = take_outcomes([path], out, rules, now=SAID, say=lambda _: None)
        assert (taken.applied.applied, len(taken.refusals)) == (applied, 1 - applied), printed
    for first, second in (MONTHS[:2], MONTHS[1:], MONTHS[::2]):
        compare(out, Period.parse(first), Period.parse(second), say=lambda _: None)  # it refuses what does not add up
    verified = verify(out, say=lambda _: None)
    assert verified.same, verified.differences
