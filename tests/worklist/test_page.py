"""The page for the phone in a real browser, opened from disk, without any network."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.cases.returning import take_outcomes
from pipeline.database import DATABASE, opened
from pipeline.history import published_run
from pipeline.outgoing import PASSPHRASE_VARIABLE
from pipeline.period import Period
from tests.cases.office import RULES, Office
from tests.look.axe import find_axe, serious_issues
from tests.worklist.conftest import PASSPHRASE, form, lists_of
from tests.worklist.phone import Phone

NOTE = 'rumah "papan"; atap=seng, catatan kedua\nbaris dua'


def page_of(office: Office) -> Path:
    lists_of(office)
    return form(office, ".html")


def today() -> datetime:
    return datetime.now() + timedelta(days=1)


def test_filled_kept_over_a_reload_saved_and_read_back_without_loss(office: Office, phone: Phone) -> None:
    page = page_of(office)
    two, dead = office.case("H1")["case_id"], office.case("H2")["case_id"]
    phone.open_new(page)
    phone.answer(two, "eligibility", "found_eligible")
    phone.answer(two, "identity", "data_corrected")
    phone.type(f"{phone.unfold(two)} textarea", NOTE)
    phone.answer(dead, "eligibility", "moved")
    phone.answer(dead, "eligibility", "deceased")  # a slip put right
    day = phone.value(f"{phone.unfold(dead)} input")
    phone.open(page)
    assert phone.text("#count").startswith("2 / 5")
    assert phone.value(f"{phone.unfold(two)} textarea") == NOTE
    saved = phone.save()
    with saved.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(rows) == 3
    assert all(None not in r.values() and len(r) == 6 for r in rows)
    assert {r["worklist"] for r in rows} == {published_run(office.out, Period.parse("2026-10")).run_id[:14]}
    taken = take_outcomes([saved], office.out, RULES, now=today(), say=lambda _: None)
    assert (taken.applied.applied, taken.refusals) == (3, [])
    kept = {(r["case_id"], r["outcome"]): r for r in office.ask("select * from audit.outcomes").to_dicts()}
    assert set(kept) == {(two, "Layak"), (two, "Data harus diperbaiki"), (dead, "Meninggal")}
    assert kept[two, "Layak"]["note"] == " ".join(NOTE.split())
    assert kept[dead, "Meninggal"]["visited_at"].isoformat() == day
    assert kept[dead, "Meninggal"]["officer"] == "SITI HASAN"
    assert {office.case(h)["state"] for h in ("H1", "H2")} == {"for_approval"}
    asked = {url.split(":")[0] for url in phone.tab.requests}
    assert (asked <= {"file", "data", "blob"}, phone.tab.console) == (True, [])


def test_found_by_name_desa_or_number_and_sifted(office: Office, phone: Phone) -> None:
    phone.open_new(page_of(office))
    assert phone.shown(".visit") == 5
    for words, n in (("karim", 5), ("0020", 1), ("DUSUN 2", 2), ("tidak ada orang ini", 0)):
        phone.type("#search", words)
        assert phone.shown(".visit") == n, words
    assert phone.shown("#none") == 1
    phone.type("#search", "")
    phone.tap('.filters button[value="done"]')
    assert phone.shown(".visit") == 0
    phone.tap('.filters button[value="open"]')
    assert phone.shown(".visit") == 5


def test_fits_a_small_phone_and_asks_nobody_for_anything(office: Office, phone: Phone) -> None:
    page = page_of(office)
    assert not re.search(r"https?://|src=|@import|url\(", page.read_text(encoding="utf-8"))
    phone.open(page)
    for case_id in office.ask("select case_id from audit.cases where listed_period is not null")["case_id"]:
        phone.unfold(case_id)
    assert phone.script("document.documentElement.scrollWidth") == 360
    small = phone.script(
        "[...document.querySelectorAll('#work button, #work input, #work summary')]"
        ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 40).map(e => e.textContent)"
    )
    assert small == []
    if (axe := find_axe()) is not None:
        assert serious_issues(phone.tab, axe) == []


def test_words_of_a_list_are_never_run(office: Office, phone: Phone) -> None:
    evil = "</script><script>window.ran=1</script><img src=x onerror=window.ran=1>"
    with opened(office.out / DATABASE, read_only=False) as connection:
        connection.execute("update audit.persons set name = $1 where person_id = 'P2'", [evil])
    phone.open_new(page_of(office))
    phone.unfold(office.case("H2")["case_id"])
    assert phone.script("window.ran === undefined")
    assert evil in phone.text("#work")


def test_locked_it_holds_nobody_and_opens_with_the_passphrase_only(
    office: Office, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("msoffcrypto")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    page = page_of(office)
    text = page.read_text(encoding="utf-8")
    case_id = office.case("H2")["case_id"]
    for secret in ("KARIM", case_id, "750119*", "SITI HASAN", PASSPHRASE):
        assert secret not in text
    phone.open_new(page)
    phone.unlock("kopi jembatan layang hijau")
    phone.until(lambda: "salah" in phone.text("#lock-said"))
    assert not phone.shown("#work")
    phone.open(page, PASSPHRASE)
    phone.answer(case_id, "eligibility", "deceased")
    phone.type(f"{phone.unfold(case_id)} textarea", "sakit jantung")
    phone.open(page_of(office), PASSPHRASE)  # made anew: another salt, the same answers
    assert phone.value(f"{phone.unfold(case_id)} textarea") == "sakit jantung"
    assert "jantung" not in json.dumps(phone.script("Object.values(localStorage)"))
    taken = take_outcomes([phone.save()], office.out, RULES, now=today(), say=lambda _: None)
    assert taken.applied.applied == 1
    other = "hujan deras sepanjang sore"
    monkeypatch.setenv(PASSPHRASE_VARIABLE, other)
    phone.open(page_of(office), other)
    assert phone.shown("#lost") == 1
    assert len(phone.script("Object.keys(localStorage)")) == 2  # laid aside, not written over
