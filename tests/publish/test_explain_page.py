"""The story of an id as a page: what the terminal tells, with the weights of a pair as a picture."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.database import opened
from pipeline.errors import StorageError
from pipeline.explain import explain
from pipeline.explain.page import render_page, write_page
from pipeline.publish import database_path
from tests.publish.builders import NIK


def test_the_page_tells_what_the_terminal_tells(one: Path) -> None:
    page = render_page(explain(one, "H0000"))
    for told in ("Keluarga H0000", "PKH_contoh.csv · baris 2", "750101******0001", "Rp225.000", "Kelayakan"):
        assert told in page
    assert NIK not in page
    assert not re.search(r"\d{16}", page)
    assert "http:" not in page
    assert "<script" not in page


def test_the_weights_of_a_pair_are_a_picture_and_a_table(one: Path) -> None:
    page = render_page(explain(one, "H0000"), "en")
    assert page.count('<svg class="chart"') == 1
    description = re.search(r"<desc[^>]*>(.*?)</desc>", page)
    assert description is not None
    assert "NIK" in description[1] or "nik" in description[1]
    assert "20.1" in description[1]
    assert "7.5" in description[1]


def test_english_and_indonesian_say_the_same(one: Path) -> None:
    story = explain(one, "P0000")
    sizes = [(p.count("<tr>"), p.count("<dt>")) for p in (render_page(story, "id"), render_page(story, "en"))]
    assert sizes[0] == sizes[1]


def test_a_page_that_was_written_is_on_record(published: Path, tmp_path: Path) -> None:
    path = write_page(published, explain(published, "P0000"), tmp_path / "cerita.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    with opened(database_path(published), read_only=True) as c:
        log = c.execute("select object, purpose from audit.access_log where action = 'export'").fetchall()
    assert log == [("P0000", "page of a story: cerita.html")]


def test_with_a_key_no_page_with_names_is_written(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = explain(one, "P0000")
    monkeypatch.setenv("TEPAT_KEY", "kunci")
    with pytest.raises(StorageError, match="cannot be locked"):
        write_page(one, story, tmp_path / "cerita.html")
    assert list(tmp_path.iterdir()) == []


def test_a_case_has_a_story_with_all_that_happened_to_it(published: Path) -> None:
    with opened(database_path(published), read_only=False) as c:
        c.execute(
            "insert into audit.cases (case_id, subject_kind, subject_id, queue, state, finding_keys, settled_keys) "
            "values ('K-1', 'household', 'H0000', 'tksk', 'closed', '[]', '[\"K0001\"]')"
        )
        for n, event in enumerate(("opened", "finding_answered")):
            c.execute(
                'insert into audit.case_events (case_id, event, "at", words, hash) '
                f"values ('K-1', '{event}', '2026-11-0{n + 1} 08:00:00', 'diperiksa', 'h{n}')"
            )
    story = explain(published, "K-1")
    assert story.kind == "case"
    (case,) = story.chapters["cases"]
    assert [e["event"] for e in case["events"]] == ["opened", "finding_answered"]
    assert [p["person_id"] for p in story.chapters["persons"]] == ["P0000", "P0001", "P0002"]
    assert explain(published, "H0000").chapters["cases"][0]["case_id"] == "K-1"
    page = render_page(story)
    assert "Kasus K-1" in page
    assert "diperiksa" in page
