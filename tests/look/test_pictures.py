"""Pictures show what they are given, say it in words, and fit a page and a sheet of paper."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from pipeline.look import charts
from pipeline.look.charts import Said, nice_top
from pipeline.look.drawing import PAPER, Bar, Dot, Drawing, Label
from pipeline.look.limits import funnel_plot, limit, placed, wilson
from pipeline.look.numbers import Numbers
from pipeline.look.page import Column, Figure
from pipeline.look.waterfall import waterfall
from pipeline.look.words import texts

SAID = Said("What it shows <&>", "a: 1; b: 2")
SHOW = Numbers("en").count
ROWS = pl.DataFrame({"label": ["a", "b"], "x": [1.0, 3.0], "y": [2.0, 1.0], "total": [3.0, 4.0]})
DOTS = pl.DataFrame(
    {"label": ["a", "b", "c"], "value": [0.2, 0.4, None], "low": [0.1, 0.3, None], "high": [0.3, 0.6, None],
     "small": [False, True, False]}
)  # fmt: skip
START = datetime(2026, 10, 1, 8)
AREAS = placed(
    pl.DataFrame({"label": ["a", "b", "c"], "hits": [50.0, 10.0, None], "size": [100.0, 100.0, 40.0]}), 0.1, 0.998
)
DRAWINGS = {
    "bars": charts.bars(ROWS, ["x", "y"], SAID, SHOW, names=["first", "second"]),
    "columns": charts.columns(ROWS, ["x", "y"], SAID, SHOW, names=["first", "second"], level=(2.0, "level")),
    "dots": charts.dots(DOTS, SAID, SHOW, middle=(0.3, "all"), hidden="*"),
    "curves": charts.curves(
        [("p", [(0, 0), (0.5, 0.8), (1, 1)])], SAID, across="across", upwards="up", diagonal="equal", show=SHOW
    ),
    "over_values": charts.over_values([1, 2, 3], [("a", [0.1, None, 0.3])], SAID, SHOW, now=(2, "now")),
    "both_sides": charts.both_sides([("a", 3, 0), ("b", 0, 5)], "left", "right", SAID, SHOW),
    "timeline": charts.timeline([START, START + timedelta(minutes=3)], START, START + timedelta(hours=1), [], SAID),
    "funnel": funnel_plot(
        AREAS, 0.1, [0.95, 0.998], SAID, show=SHOW, count=SHOW, whole="all", across="size",
        limits_named="limits", hidden="hidden",
    ),
    "waterfall": waterfall([("NIK", "same", 12.0), ("name", "differs", -4.0)], SAID, SHOW, total="sum"),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_sound_and_says_what_it_shows(name: str) -> None:
    drawing: Drawing = DRAWINGS[name]
    page = ElementTree.fromstring(drawing.html(name))  # noqa: S314 - our own
    assert page.find("title").text == SAID.title
    assert page.find("desc").text == SAID.description
    assert page.get("aria-labelledby") == f"{name}-t {name}-d"
    paper = drawing.paper()
    ElementTree.fromstring(paper)  # noqa: S314 - our own
    assert "var(--" not in paper
    assert "%" not in re.sub(r">[^<]*<", "><", paper)


@pytest.mark.parametrize("name", DRAWINGS)
def test_shapes_lie_within_the_picture(name: str) -> None:
    for shape in DRAWINGS[name].shapes:
        if isinstance(shape, Bar):
            assert -1e-9 <= shape.x <= shape.x + shape.width <= 1 + 1e-9
        if isinstance(shape, Dot | Label):
            assert 0 <= shape.x <= 1
            assert 0 <= shape.y <= DRAWINGS[name].height


def test_bars_are_as_long_as_their_numbers() -> None:
    bars = [s for s in DRAWINGS["bars"].shapes if isinstance(s, Bar) and s.colour != "faint"]
    assert [round(b.width, 3) for b in bars] == [0.25, 0.5, 0.75, 0.25]


def test_a_whole_whose_parts_are_hidden_is_one_quiet_bar() -> None:
    rows = pl.DataFrame({"label": ["a"], "x": [None], "y": [3.0], "total": [8.0]}, schema_overrides={"x": pl.Float64})
    bars = [s for s in charts.bars(rows, ["x", "y"], SAID, SHOW).shapes if isinstance(s, Bar)]
    assert [b.colour for b in bars] == ["faint", "quiet"]


def test_a_waterfall_ends_where_its_weights_add_up() -> None:
    drawing = waterfall([("a", "", 3.0), ("b", "", -5.0), ("c", "", 1.0)], SAID, str, total="sum")
    texts_ = [s.text for s in drawing.shapes if isinstance(s, Label)]
    assert texts_[-1] == "-1.0"


@given(st.floats(1e-4, 1e9))
def test_an_axis_ends_at_or_above_the_largest_value(most: float) -> None:
    top = nice_top(most)
    assert most * (1 - 1e-9) <= top <= most * 2.01


# ------------------------------------------------------------------ chance


@given(st.integers(5, 2000), st.floats(0.02, 0.98), st.sampled_from([0.95, 0.998]))
def test_chance_leaves_that_share_of_areas_within_the_limits(size: int, rate: float, wide: float) -> None:
    sizes = np.array([float(size)])
    low, high = (float(limit(sizes, rate, q)[0]) for q in ((1 - wide) / 2, (1 + wide) / 2))
    counts = np.arange(size + 1)
    inside = binom.pmf(counts, size, rate)[(counts / size >= low - 1e-12) & (counts / size <= high + 1e-12)].sum()
    largest = binom.pmf(counts, size, rate).max()
    assert abs(inside - wide) <= 2 * largest  # whole counts: to the nearest one on either side


@given(st.integers(1, 500), st.data())
def test_an_interval_holds_its_rate_and_narrows_with_size(size: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, size))
    low, high = wilson(np.array([float(hits)]), np.array([float(size)]))
    assert 0 <= low[0] <= hits / size + 1e-12
    assert hits / size - 1e-12 <= high[0] <= 1
    narrow = wilson(np.array([hits * 10.0]), np.array([size * 10.0]))
    assert narrow[1][0] - narrow[0][0] < high[0] - low[0]


def test_only_what_chance_does_not_explain_is_named() -> None:
    sides = dict(AREAS.select("label", "side").iter_rows())
    assert sides == {"a": "high", "b": "within", "c": None}
    named = [s.text for s in DRAWINGS["funnel"].shapes if isinstance(s, Label)]
    assert "a" in named
    assert "b" not in named


# ------------------------------------------------------------------ figures, words, colours


def test_a_figure_tells_hidden_from_nothing_on_the_page_and_in_its_csv() -> None:
    frame = pl.DataFrame({"label": ["a", "b", "c"], "n": [7.0, None, math.nan], "share": [0.5, None, math.nan]})
    columns = [Column("label", "label"), Column("n", "n", "count"), Column("share", "share", "percent")]
    figure = Figure("f", "t", "d", frame, columns, Numbers("id"))
    assert [[c.text for c in row.cells] for row in figure.rows()] == [
        ["a", "7", "50 %"], ["b", "∗", "∗"], ["c", "–", "–"],
    ]  # fmt: skip
    assert figure.csv().splitlines() == ["label,n,share,suppressed", "a,7,0.5,", "b,,,n share", "c,,,"]


TEXTS = sorted(Path("pipeline").rglob("texts.yaml"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.parent.name)
def test_every_text_is_there_in_both_languages_with_the_same_blanks(path: Path) -> None:
    def leaves(node: object, where: str = "") -> dict[str, str]:
        if isinstance(node, dict):
            return {k: v for key, n in node.items() for k, v in leaves(n, f"{where}/{key}").items()}
        return {where: str(node)}

    one, other = leaves(texts(path.resolve(), "id")), leaves(texts(path.resolve(), "en"))
    assert set(one) == set(other)
    for where, text in one.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", other[where])), where


def test_a_text_in_one_language_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("a: {b: {id: satu}}", encoding="utf-8")
    with pytest.raises(KeyError, match=r"t\.yaml/a/b"):
        texts(tmp_path / "t.yaml", "en")


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, WCAG 2."""
    a, b = sorted([_luminance(one), _luminance(other)])
    return (b + 0.05) / (a + 0.05)


def palettes() -> list[dict[str, str]]:
    style = Path("pipeline/look/style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.S)[:2]
    return [dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in blocks] + [PAPER]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark", "paper"])
def test_letters_and_lines_stand_out_from_what_they_stand_on(palette: dict[str, str]) -> None:
    for letters in ("ink", "soft"):
        for ground in ("card", "paper"):
            if ground in palette:
                assert contrast(palette[letters], palette[ground]) >= 4.5, (letters, ground)
    for colour in ("a", "b", "c", "d", "e"):
        assert contrast(palette[colour], palette["card"]) >= 3, colour
    for name in ("critical", "warning", "info", "good"):
        if name in palette:
            assert contrast(palette[name], palette[f"{name}-bg"]) >= 4.5, name
