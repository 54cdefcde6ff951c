"""The report on paper: the same figures as PDF, with a page to sign. Made by typst, which is one wheel."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipeline.look.drawing import PAPER_WIDTH
from pipeline.look.page import Figure
from pipeline.report.contents import Contents, Section
from pipeline.report.month import Month

_SIGNED: Final = ("errors", "changes", "money")
"""Figures that stand on the page to sign as well."""
TEMPLATE: Final = Path(__file__).with_name("report.typ")


def render_paper(month: Month, contents: Contents) -> bytes:
    """The PDF; the same month gives the same bytes."""
    import typst  # here: a third of a second that other commands need not wait

    text = json.dumps(document(month, contents), ensure_ascii=False)
    moment = datetime(month.counted.run.period.year, month.counted.run.period.month, 1, tzinfo=UTC)
    made: bytes = typst.compile(
        TEMPLATE, sys_inputs={"data": text}, ignore_system_fonts=True, timestamp=int(moment.timestamp())
    )
    return made


def document(month: Month, contents: Contents) -> dict[str, Any]:
    """What the template shows: words, sentences, and figures with their picture or their table."""
    words = month.words
    run = contents.run | {"month": month.numbers.month(month.period)}
    names = month.area_names()
    page = words["page"]
    return {
        "lang": month.lang,
        "title": page["title"],
        "month": run["month"],
        "area": page["of_area"].format(area=names[month.area]) if month.area else page["of_all"],
        "lead": page["lead"],
        "verdict": words["verdict"]["title"],
        "figures": [{"value": s.text, "text": t} for s, t in contents.verdict.figures],
        "sentences": [
            s.text.format(**{n: v.text for n, v in s.numbers.items()}) for s in contents.verdict.sentences
        ],
        "sections": [_section(s, month.settings.most_files) for s in contents.sections],
        "source": page["source"].format(**run),
        "written": page["written"].format(**run),
        "hidden_note": page["hidden_note"].format(smallest=month.settings.smallest_cell),
        "paper": words["paper"],
        "signed": [_figure(f) for f in contents.figures if f.name in _SIGNED],
    }  # fmt: skip


def _section(section: Section, most: int) -> dict[str, Any]:
    figures = [replace(f, frame=f.frame.head(most)) if f.name == "files" else f for f in section.figures]
    figures += section.paired
    told = [(f, "") for f in figures] + [(c.funnel, c.outside) for c in section.compared]
    pictures = sum(f.drawing is not None for f, _ in told)
    width = PAPER_WIDTH if pictures == 1 else PAPER_WIDTH / 2 - 12
    return {
        "title": section.title, "intro": section.intro, "after": section.after,
        "figures": [{**_figure(f, width), "after": after} for f, after in told],
    }  # fmt: skip


def _figure(figure: Figure, width: float = PAPER_WIDTH) -> dict[str, Any]:
    told: dict[str, Any] = {"title": figure.title, "definition": figure.definition, "after": ""}
    if figure.drawing is not None:
        return {**told, "svg": figure.drawing.paper(width)}
    return {
        **told,
        "heads": [c.heading for c in figure.columns],
        "right": [c.right for c in figure.columns],
        "rows": [[cell.text for cell in row.cells] for row in figure.rows()],
        "kinds": [row.kind for row in figure.rows()],
    }
