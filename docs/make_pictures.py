"""Pictures of the pages for the docs, of a synthetic district: `python docs/make_pictures.py`.

Nobody on them is real. Chromium must be installed; the pages are opened from disk with the network off.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.demo import make_district  # noqa: E402
from pipeline.explain import explain  # noqa: E402
from pipeline.explain.page import write_page  # noqa: E402
from pipeline.history import open_run  # noqa: E402
from pipeline.period import Period  # noqa: E402
from pipeline.report import report  # noqa: E402
from pipeline.rulebook import default_rules  # noqa: E402
from pipeline.run import Job, run  # noqa: E402
from pipeline.worklist import make_worklists  # noqa: E402
from tests.browser import Tab, browser, find_browser  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MONTHS = (Period(2026, 9), Period(2026, 10))
FAMILIES = 1000


def main() -> None:
    """Make the district, its pages, and the pictures of them."""
    program = find_browser()
    if program is None:
        sys.exit("no Chromium on this machine; TEPAT_BROWSER names one")
    with TemporaryDirectory() as folder, browser(program) as tab:
        pages = _pages(Path(folder))
        shots = {
            "report-desk": (pages["report"], 1000, 760, "#verdict", False),
            "report-phone": (pages["report"], 360, 720, "#verdict", False),
            "report-night": (pages["report"], 1000, 620, "#welfare", True),
            "report-kecamatan": (pages["report"], 1000, 640, "#areas", False),
            "explain-weights": (pages["story"], 1000, 620, "#matches", False),
            "quality": (pages["quality"], 1000, 620, "", False),
            "worklist-phone": (pages["visits"], 360, 900, "details.visit", False),
        }
        for name, (page, width, height, at, dark) in shots.items():
            (IMAGES / f"{name}.png").write_bytes(_shot(tab, page, width, height, at, dark))
        (IMAGES / "report-sign.png").write_bytes(pages["paper"].read_bytes())


def _pages(out: Path) -> dict[str, Path]:
    make_district(out / "lists", families=FAMILIES, seed=1, periods=list(MONTHS))
    for month in MONTHS:
        run(Job(month, out / "lists" / "raw" / str(month), out, default_rules()), lambda _: None)
    newest = str(MONTHS[-1])
    made = report(out, newest)
    lists = make_worklists(out, MONTHS[-1], default_rules(), say=lambda _: None)
    published = open_run(newest, out)
    person = published.sql(
        "select m.person_id from audit.match_pairs p join audit.mentions m on m.run_id = p.run_id "
        "and m.mention_id = p.mention_id_a where p.run_id = $run order by abs(p.probability - 0.5) limit 1",
        run=published.run_id,
    ).item()
    return {
        "report": made.folder / "report.html",
        "paper": _first_page(out, made.folder),
        "story": write_page(out, explain(out, person), out / "story.html"),
        "quality": out / newest / "quality.html",
        "visits": min(lists.folder.glob("*.html")),
    }


def _first_page(out: Path, folder: Path) -> Path:
    """The page to sign as a picture, by the template of the PDF."""
    import typst

    from pipeline.report import paper
    from pipeline.report.contents import contents
    from pipeline.report.stage import month_of

    month = month_of(out, str(MONTHS[-1]))
    document = json.dumps(paper.document(month, contents(month, default_rules())))
    pages = typst.compile(paper.TEMPLATE, format="png", ppi=72, sys_inputs={"data": document}, ignore_system_fonts=True)
    path = folder / "sign.png"
    path.write_bytes(pages[0] if isinstance(pages, list) else pages)
    return path


def _shot(tab: Tab, page: Path, width: int, height: int, at: str, dark: bool) -> bytes:
    """A piece of a page from the element ``at`` (a CSS selector) on, unfolded where it can be."""
    tab.open(page, width=width, dark=dark)
    top = 0
    if at:
        tab.run(f"document.querySelector('{at}').open = true")
        top = int(tab.run(f"document.querySelector('{at}').getBoundingClientRect().top")) - 24
        tab.run(f"scrollTo(0, {top})")
    return tab.picture(width=width, height=height, top=top)


if __name__ == "__main__":
    main()
