"""The report as one HTML file: readable without scripts and without a network."""

from __future__ import annotations

from html import escape
from pathlib import Path

from markupsafe import Markup

from pipeline.look.page import render
from pipeline.report.contents import Contents
from pipeline.report.month import Month
from pipeline.report.verdict import Said, Sentence


def render_page(month: Month, contents: Contents) -> str:
    """The page."""
    words = month.words["page"]
    area = words["of_area"].format(area=month.area_names()[month.area]) if month.area else words["of_all"]
    run = contents.run | {"month": month.numbers.month(month.period)}
    return render(
        Path(__file__).parent,
        "report.html.j2",
        month.lang,
        {
            "words": month.words,
            "area": area,
            "month": run["month"],
            "figures": [(_data(s), text) for s, text in contents.verdict.figures],
            "sentences": [_marked(s) for s in contents.verdict.sentences],
            "sections": contents.sections,
            "source": words["short_source"].format(**run),
            "source_in_full": words["source"].format(**run),
            "written": words["written"].format(**run),
            "hidden_note": words["hidden_note"].format(smallest=month.settings.smallest_cell),
            "most_files": month.settings.most_files,
            "more_files": _more_files(month, contents),
        },
    )


def _more_files(month: Month, contents: Contents) -> str:
    files = next((f for f in contents.figures if f.name == "files"), None)
    more = files.frame.height - month.settings.most_files if files is not None else 0
    return str(month.words["files"]["more"].format(n=month.numbers.count(more))) if more > 0 else ""


def _data(said: Said) -> Markup:
    if said.value is None:
        return Markup(f'<span class="num">{escape(said.text)}</span>')  # noqa: S704 - escaped
    value = f"{said.value:.0f}"
    return Markup(f'<data class="num" value="{value}" data-name="{said.name}">{escape(said.text)}</data>')  # noqa: S704


def _marked(sentence: Sentence) -> Markup:
    return Markup(escape(sentence.text).format(**{n: _data(s) for n, s in sentence.numbers.items()}))  # noqa: S704
