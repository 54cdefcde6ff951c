"""The story of an id as a page: chapters as cards and tables, the weights of a pair as a picture.

Belongs here: from chapters to what stands on the page. Not here: what is told (:mod:`.chapters`), masking
(:mod:`.veil`), the look (:mod:`pipeline.look`). The page holds names of persons: with a key set it is not written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.errors import InputError, Problem, StorageError
from pipeline.explain.story import Story
from pipeline.look.charts import Said
from pipeline.look.drawing import Drawing
from pipeline.look.numbers import Language, Numbers
from pipeline.look.page import render
from pipeline.look.pairs import PairWords
from pipeline.look.waterfall import waterfall
from pipeline.look.words import texts
from pipeline.misuse.pictures import Sign, pictures, read_sign
from pipeline.misuse.thresholds import Thresholds, read_thresholds
from pipeline.misuse.words import told
from pipeline.period import Period
from pipeline.publish.chain import record_access
from pipeline.rulebook import default_rules
from pipeline.store import KEY_VARIABLE, secret
from pipeline.target import rule_rows
from pipeline.whole import write_whole

HERE: Final = Path(__file__).parent
PAIRS_SHOWN: Final = 6
"""Pairs drawn openly; the rest unfold on a tap."""
_TITLES: Final = ("name", "summary", "program", "case_id", "household_id", "no_kk")
"""What may head a card, the first that is there."""
_CHIPS: Final = ("severity", "baseline_state", "status", "state", "decision", "level")
_TABLES: Final = ("identity_events", "months", "benefits")
"""Chapters that are one table."""
_RUPIAH: Final = frozenset({"amount", "income"})


@dataclass(frozen=True)
class Listing:
    """A table of a card: its caption, headings and cells."""

    caption: str
    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Block:
    """A card: what heads it, short marks, facts as pairs, tables, a picture with its caption."""

    title: str
    chips: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Listing] = field(default_factory=list)
    drawing: Drawing | None = None
    definition: str = ""


class _Teller:
    """Writes values and names in one language."""

    def __init__(self, lang: Language, rules: Mapping[tuple[str, str], str]) -> None:
        self.rules = rules
        self.words: dict[str, Any] = texts(HERE / "texts.yaml", lang)
        self.numbers = Numbers(lang)
        self.pairs = PairWords(lang)
        self.row = " · baris " if lang == "id" else " · row "

    def name(self, column: str) -> str:
        known = self.words["names"]
        return str(known.get(column) or known.get(column.removesuffix("_id")) or column.replace("_", " "))

    def value(self, value: Any, column: str = "") -> str:
        """A value in one line."""
        if isinstance(value, bool):
            return str(self.words["results"][str(value).lower()])
        if column in _RUPIAH and isinstance(value, int | float):
            return self.numbers.rupiah(value)
        if isinstance(value, float):
            return self.numbers.decimal(value, 2)
        if isinstance(value, dict):
            return "; ".join(f"{self.name(k)}: {self.value(v, k)}" for k, v in value.items())
        if isinstance(value, list):
            return ", ".join(self.value(v) for v in value)
        text = str(value)
        return str(self.words["results"].get(text, text)).replace(" · row ", self.row)

    def listing(self, caption: str, rows: list[dict[str, Any]]) -> Listing:
        columns = list(dict.fromkeys(c for r in rows for c in r if c != "mention_id"))
        cells = [[self.value(r[c], c) if c in r else "" for c in columns] for r in rows]
        return Listing(caption, [self.name(c) for c in columns], cells)

    def card(self, row: dict[str, Any]) -> Block:
        """A card of a row: nested lists and rule results become tables."""
        head = next((c for c in _TITLES if row.get(c)), "")
        chips = [self.value(row[c]) for c in _CHIPS if row.get(c)]
        tables, facts = [], []
        for column, value in row.items():
            caption = str(self.words["tables"].get(column, self.name(column)))
            if isinstance(value, list) and value and isinstance(value[0], dict):
                tables.append(self.listing(caption, value))
            elif column == "rules" and isinstance(value, dict):
                tables.append(self.listing(caption, [self.rule(row["program"], r, v) for r, v in value.items()]))
            elif column != head and column not in _CHIPS and value not in ("", [], {}):
                facts.append((caption, self.value(value, column)))
        return Block(self.value(row[head]) if head else "", chips, facts, tables)

    def rule(self, program: str, rule: str, result: str) -> dict[str, str]:
        """A rule in the words of the rules; what bars is asked as a question, not as its opposite."""
        bar = rule.removeprefix("not_")
        if bar != rule and (program, bar) in self.rules:
            return {"rule": self.rules[program, bar], "result": {"true": "false", "false": "true"}.get(result, result)}
        return {"rule": self.rules.get((program, rule)) or self.name(rule), "result": result}

    def pair(self, row: dict[str, Any]) -> Block:
        """The weights of a pair, what spoke for one person and what against it."""
        words = self.words["match"]
        steps = [(s.name, s.found, s.weight) for s in self.pairs.steps(row.get("comparison"))]
        places = {c: self.value(row.get(c) or row[c.replace("where", "mention_id")]) for c in ("where_a", "where_b")}
        decision = self.value(row["decision"])
        definition = words["definition"].format(
            decision=decision, probability=self.numbers.percent(row.get("probability"))
        )
        if why := self.pairs.kept_apart(row.get("comparison")):
            definition = f"{why}. {definition}"
        title = words["title"].format(**places)
        told = "; ".join(f"{name} {found}: {self.numbers.decimal(w, 1)}" for name, found, w in steps)
        drawing = None
        if steps:
            said = Said(title, f"{definition}. {told}.")
            drawing = waterfall(steps, said, lambda w: self.numbers.decimal(w, 1), total=words["total"])
        rows = [{words["column"]: n, words["found"]: f, words["weight"]: w} for n, f, w in steps]
        table = self.listing("", rows)
        return Block(title, [decision], [], [table], drawing, definition)


def render_page(story: Story, lang: Language = "id", signs: Sequence[Sign] = (), rules: Path | None = None) -> str:
    """The page; signs of card misuse stand in a chapter of their own, rules are told in the words of ``rules``."""
    day = Period.parse(story.period).last_day
    written = {(r.program, r.rule): r.text for r in rule_rows(rules or default_rules(), day, lang)}
    teller = _Teller(lang, written)
    words = teller.words
    chapters = []
    for name, rows in story.chapters.items():
        title = words["chapters"].get(name, name.replace("_", " "))
        if name == "matches":
            blocks = [teller.pair(r) for r in sorted(rows, key=lambda r: r.get("decision", ""), reverse=True)]
            chapters.append((name, title, blocks[:PAIRS_SHOWN], blocks[PAIRS_SHOWN:]))
        elif name in _TABLES:
            chapters.append((name, title, [Block("", tables=[teller.listing(title, rows)])], []))
        else:
            chapters.append((name, title, [teller.card(r) for r in rows], []))
    if signs:
        thresholds = read_thresholds(rules or default_rules(), day)
        seen = [block for sign in signs for block in _seen(sign, thresholds, lang, words["page"]["innocent"])]
        chapters.insert(0, ("pictures", words["chapters"]["pictures"], seen, []))
    return render(
        HERE,
        "page.html.j2",
        lang,
        {
            "words": words["page"],
            "kind": words["page"]["kinds"].get(story.kind, story.kind),
            "id": story.id,
            "in_": words["page"]["in"].format(month=teller.numbers.month(story.period), run=story.run_id),
            "masked": story.masked,
            "chapters": chapters,
        },
    )


def write_page(out: Path, story: Story, path: Path, lang: Language = "id", rules: Path | None = None) -> Path:
    """Write the page and put on record that it was written; a sign of card misuse brings its pictures.

    Raises:
        StorageError: a key is set: a page with names cannot be locked.
    """
    if secret() is not None:
        raise StorageError(
            Problem(
                KEY_VARIABLE, "a key is set, and a page with names cannot be locked; nothing was written",
                todo="read the story with `tepat explain` without --page",
            )
        )  # fmt: skip
    page = render_page(story, lang, _signs(out, story), rules)
    record_access(out, "export", story.id, f"page of a story: {path.name}")
    return write_whole(path, page)


def _signs(out: Path, story: Story) -> list[Sign]:
    """Signs of card misuse in the story, where the run kept what is behind them."""
    found = story.chapters.get("findings", []) if story.kind == "finding" else []
    signs: list[Sign] = []
    for finding in found:
        if finding.get("finding_type") == "card_misuse":
            try:
                signs.append(read_sign(out, finding["finding_id"]))
            except InputError:  # published before signals were kept: there is nothing to draw
                continue
    return signs


def _seen(sign: Sign, thresholds: Thresholds, lang: Language, innocent: str) -> list[Block]:
    """What was seen and how unusual it is, what else may explain it, and the pictures."""
    summary, explanation = told(sign.signal, thresholds, lang)
    drawn = [Block(d.title, drawing=d, definition=d.description) for d in pictures(sign, lang)]
    return [Block(summary, facts=[(innocent, explanation)]), *drawn]
