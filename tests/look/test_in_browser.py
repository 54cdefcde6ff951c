"""Pages opened from disk in Chromium with the network off: on a phone, on a desk, by day and by night."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.explain import explain
from pipeline.explain.page import write_page
from pipeline.history import open_run
from pipeline.report import report
from pipeline.simulate import simulate
from pipeline.simulate.page import write
from tests.browser import Tab, browser, find_browser
from tests.look.axe import find_axe, serious_issues

PAGES = ("report", "quality", "simulation", "story")


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine; TEPAT_BROWSER names one")
    with browser(program) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(published_district: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of each page, of the same small district."""
    out = tmp_path_factory.mktemp("pages")
    shutil.copy(published_district / "tepat.duckdb", out)
    run = open_run("2026-10", out)
    made = report(out, "2026-10", rules=rules)
    write(simulate(run, ["pkh.desil_max=3"], "pkh.desil_max=2..4", rules=rules), out / "simulation")
    person = run.sql(
        "select m.person_id from audit.match_pairs p join audit.mentions m on m.run_id = p.run_id "
        "and m.mention_id = p.mention_id_a where p.run_id = $run order by p.decision desc limit 1",
        run=run.run_id,
    ).item()
    return {
        "report": made.folder / "report.html",
        "quality": published_district / "2026-10" / "quality.html",
        "simulation": out / "simulation" / "simulation.html",
        "story": write_page(out, explain(out, person), out / "story.html", "id", rules),
    }


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_a_page_needs_nothing_and_fits(tab: Tab, pages: dict[str, Path], page: str, width: int, dark: bool) -> None:
    tab.open(pages[page], width=width, dark=dark)
    assert tab.failed == []
    assert tab.console == []
    assert not [r for r in tab.requests if not r.startswith("file:")]
    for unfolded in (False, True):
        if unfolded:
            tab.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert tab.run("document.documentElement.scrollWidth") <= width
    assert not re.search(r"\d{16}", tab.run("document.documentElement.outerHTML"))
    unnamed = "[...document.querySelectorAll('svg[role=img]')].filter(s => !s.querySelector('title')?.textContent"
    assert tab.run(f"{unnamed} && !s.getAttribute('aria-label')).length") == 0


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(tab: Tab, pages: dict[str, Path], page: str, dark: bool) -> None:
    axe = find_axe()
    if axe is None:
        pytest.skip("axe-core is not here: npm install --prefix tests/look, or TEPAT_AXE names axe.min.js")
    tab.open(pages[page], width=1200, dark=dark)
    tab.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert serious_issues(tab, axe) == []


def test_the_report_is_all_there_on_paper(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["report"], width=800, media="print")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("document.documentElement.scrollWidth") <= 800
