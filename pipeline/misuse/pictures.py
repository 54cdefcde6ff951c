"""A sign as pictures: when the cards were drawn at the terminal, and what leads to what.

Belongs here: the uses and links behind a published sign, as frames and as drawings. Not here: how a drawing is written
(:mod:`pipeline.look`), the page it stands on (:mod:`pipeline.explain`). Of a card or account only the last digits are
shown, and nobody is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun, published_runs
from pipeline.look.charts import legend
from pipeline.look.drawing import Anchor, Bar, Dot, Drawing, Label, Shape, Stroke
from pipeline.look.numbers import Language, Numbers
from pipeline.look.words import texts

HERE: Final = Path(__file__).parent
MOST: Final = 60
"""Cards or persons in a graph; more would be a blot."""
_NAME: Final = 0.1
"""Share of the width that the digits of a card take."""
_OF_USES: Final = ("bulk_withdrawal", "companion_holds_cards")


@dataclass(frozen=True)
class Sign:
    """A finding of card misuse and what stands behind it.

    Attributes:
        finding_id: the finding.
        run: the run that has it.
        signal: its row of ``misuse_signals``.
        uses: ``transacted_at``, ``card``, ``place``, ``amount``, ``inside`` (behind the sign): for an agent all of that
            day, for a pendamping all of these cards; none for a shared number.
        links: ``left``, ``middle``, ``right``, in order: companion, card and terminal; or number, person and family.
    """

    finding_id: str
    run: PublishedRun
    signal: dict[str, Any]
    uses: pl.DataFrame
    links: pl.DataFrame


def read_sign(out: Path, finding_id: str) -> Sign:
    """The sign behind a finding, from the newest run that has it.

    Raises:
        InputError: no published run has this finding, or it is no sign of card misuse.
    """
    query = """select s.* exclude (run_id), f.finding_type from audit.findings f
               left join audit.misuse_signals s on s.run_id = f.run_id and s.reason = f.reason
                   and s.subject_kind = f.subject_kind and s.subject_id = f.subject_id
               where f.run_id = $run and f.finding_id = $id"""
    for run in reversed(published_runs(out)):
        found = run.sql(query, run=run.run_id, id=finding_id)
        if found.is_empty():
            continue
        signal = found.row(0, named=True)
        if signal["reason"] is None:
            raise InputError(
                Problem(finding_id, f"a finding of type {signal['finding_type']} has no picture", "one of card_misuse")
            )
        uses = _uses(run, finding_id, signal) if signal["reason"] in _OF_USES else _NO_USES
        links = _card_links(run, uses) if signal["reason"] in _OF_USES else _number_links(run, finding_id, signal)
        return Sign(finding_id, run, signal, uses, links)
    raise InputError(Problem(finding_id, "no published run knows this finding", todo="take the id from the findings"))


_NO_USES: Final = pl.DataFrame(
    schema={
        "transacted_at": pl.Datetime("us"), "card": pl.String, "place": pl.String, "amount": pl.Int64,
        "inside": pl.Boolean,
    }
)  # fmt: skip


def _uses(run: PublishedRun, finding_id: str, signal: dict[str, Any]) -> pl.DataFrame:
    """Withdrawals at the agent on the days of the sign, or of the cards behind it in the whole month."""
    wanted = (
        "coalesce(t.agent_id, t.terminal_id) = $subject and t.transacted_at::date between $first and $last"
        if signal["subject_kind"] == "agent"
        else "t.card_number in (select card_number from behind)"
    )
    uses = run.sql(
        f"""with behind as (
                select t.* from audit.transactions t join audit.finding_evidence e
                  on e.run_id = t.run_id and e.source_file = t.source_file and e.sheet = t.sheet
                 and e.row_number = t.row_number
                where t.run_id = $run and e.finding_id = $id)
            select t.transacted_at, t.card_number as card, coalesce(t.terminal_id, t.agent_id) as place, t.amount,
                   (t.source_file, t.sheet, t.row_number) in (select (source_file, sheet, row_number) from behind)
                   as inside
            from audit.transactions t
            where t.run_id = $run and t.amount > 0 and {wanted}
              and t.transaction_type in (select transaction_type from behind)
              and $subject is not null and $first is not null and $last is not null
            order by t.transacted_at, t.row_number""",
        run=run.run_id, id=finding_id, subject=signal["subject_id"],
        first=signal["started_at"].date(), last=signal["ended_at"].date(),
    )  # fmt: skip
    return uses.cast(dict(_NO_USES.schema))  # type: ignore[arg-type]


def _card_links(run: PublishedRun, uses: pl.DataFrame) -> pl.DataFrame:
    """Which companion's families have the cards behind the sign, and where else these were used that month."""
    cards = uses.filter("inside")["card"].unique(maintain_order=True)
    found = run.sql(
        """select any_value(m.companion order by m.companion) as "left", t.card_number as middle,
                  coalesce(t.terminal_id, t.agent_id) as "right", min(t.transacted_at) as first
           from audit.transactions t
           left join audit.mentions m on m.run_id = t.run_id and m.card_number = t.card_number and m.kind = 'recipients'
           where t.run_id = $run and list_contains($cards, t.card_number) and t.amount > 0
           group by t.card_number, coalesce(t.terminal_id, t.agent_id) order by first, middle""",
        run=run.run_id, cards=cards.to_list(),
    )  # fmt: skip
    return found.select("left", "middle", "right")


def _number_links(run: PublishedRun, finding_id: str, signal: dict[str, Any]) -> pl.DataFrame:
    """The persons on whose lines a number stands, and their families."""
    return run.sql(
        """select distinct $number as "left", m.person_id as middle, m.household_id as "right"
           from audit.finding_evidence e join audit.mentions m on m.run_id = e.run_id and m.mention_id = e.mention_id
           where e.run_id = $run and e.finding_id = $id and m.person_id is not null
           order by "right" nulls last, middle""",
        run=run.run_id, id=finding_id, number=signal["subject_id"],
    )  # fmt: skip


# ------------------------------------------------------------------ drawings


def pictures(sign: Sign, lang: Language = "id") -> list[Drawing]:
    """The timeline, where cards were drawn, and the graph."""
    words = texts(HERE / "pictures.yaml", lang)
    drawn = [timeline(sign, words, Numbers(lang))] if sign.uses.height else []
    return [*drawn, graph(sign, words)]


def timeline(sign: Sign, words: dict[str, Any], numbers: Numbers) -> Drawing:
    """A dot a withdrawal along the time of day, or of the month; those behind the sign in colour."""
    moments: list[datetime] = sign.uses["transacted_at"].to_list()
    inside: list[bool] = sign.uses["inside"].to_list()
    margin = max((moments[-1] - moments[0]) / 20, timedelta(minutes=1))
    begin, end = moments[0] - margin, moments[-1] + margin

    def x(moment: datetime) -> float:
        return 0.02 + 0.96 * ((moment - begin) / (end - begin))

    places = [round(x(m) * 100) for m in moments]
    step, most = 9.0, 9
    base = 24.0 + step * min(max(places.count(p) for p in set(places)), most)
    shapes: list[Shape] = [Stroke(((0.0, base), (1.0, base)), "soft")]
    form = "%H.%M" if end - begin < timedelta(days=1) else "%d/%m %H.%M"
    for moment in (moments[0], moments[0] + (moments[-1] - moments[0]) / 2, moments[-1]):
        shapes += [Stroke(((x(moment), base), (x(moment), base + 5)), "soft")]
        shapes += [Label(x(moment), base + 20, moment.strftime(form), "middle", "soft")]
    behind = [m for m, is_in in zip(moments, inside, strict=True) if is_in]
    if behind:
        left, right = x(min(behind)), x(max(behind))
        shapes.insert(0, Bar(left - 0.008, 8, right - left + 0.016, base - 8, "faint"))
    piled: dict[int, int] = {}
    for moment, place, is_in in zip(moments, places, inside, strict=True):
        height = piled[place] = piled.get(place, 0) + 1
        if height <= most:
            tip = moment.strftime("%d/%m/%Y %H.%M.%S")
            shapes.append(Dot(place / 100, base - height * step, "a" if is_in else "quiet", 4, tip=tip))
    shapes += legend([words["inside"], words["outside"]], ["a", "quiet"], base + 44)
    said = words["timeline_said"].format(n=numbers.count(len(moments)), inside=numbers.count(sum(inside)))
    title = words["timeline"] if sign.signal["subject_kind"] == "agent" else words["sitting"]
    return Drawing(base + 56, title, f"{said}; {moments[0]:%d/%m/%Y %H.%M} – {moments[-1]:%d/%m/%Y %H.%M}.", shapes)


def graph(sign: Sign, words: dict[str, Any]) -> Drawing:
    """Three columns of dots and the lines between them; where many lines meet, many cards went."""
    of_cards = sign.uses.height > 0
    names = ("left", "card", "terminal") if of_cards else ("number", "person", "family")
    links = sign.links.filter(pl.col("middle").is_in(sign.links["middle"].unique(maintain_order=True)[:MOST].implode()))
    left_out = sign.links["middle"].n_unique() - links["middle"].n_unique()
    columns = [links[c].unique(maintain_order=True).to_list() for c in ("left", "middle", "right")]
    rows = max(len(c) for c in columns)
    top, step = 34.0, 17.0
    height = top + rows * step + (24 if left_out else 4)
    across = (0.2, 0.5, 0.8)

    def y(column: int, value: str | None) -> float:
        n = len(columns[column])
        return top + (columns[column].index(value) + 0.5) * rows * step / n

    shapes: list[Shape] = [Label(x, 14, words[name], "middle", "soft") for x, name in zip(across, names, strict=True)]
    named = len(columns[1]) <= MOST // 2  # cards by their digits; the lines begin behind them
    for k in (0, 1):
        pairs = links.select(("left", "middle", "right")[k : k + 2]).unique(maintain_order=True)
        begin = across[k] + (_NAME if k == 1 and named else 0)
        shapes += [Stroke(((begin, y(k, a)), (across[k + 1], y(k + 1, b))), "line") for a, b in pairs.iter_rows()]
    sides: tuple[tuple[Anchor, float], ...] = (("end", -10), ("start", 9), ("start", 10))
    for k, (anchor, dx) in enumerate(sides):
        for number, value in enumerate(columns[k], 1):
            text = _label(names[k], number, value, words)
            shapes.append(Dot(across[k], y(k, value), "b" if k == 1 else "a", 5 if k == 1 else 7, tip=text))
            if k != 1 or named:
                shapes.append(Label(across[k], y(k, value) + 4, text, anchor, dx=dx))
    if left_out:
        shapes.append(Label(across[1], height - 6, words["more"].format(n=left_out), "middle", "soft"))
    counted = [f"{words[name]} ({len(column)})" for name, column in zip(names, columns, strict=True)]
    said = words["graph_said"].format(left=counted[0].capitalize(), middle=counted[1], right=counted[2])
    return Drawing(height, words["graph_cards" if of_cards else "graph_number"], said + ".", shapes)


def _label(name: str, number: int, value: str | None, words: dict[str, Any]) -> str:
    """What stands at a dot: the last digits of a card or number, an agent's terminal; persons are only counted."""
    if value is None:
        return str(words["nobody"] if name == "left" else words["unknown"])
    if name in ("card", "number"):
        return f"•••• {value[-4:]}"
    return value if name == "terminal" else f"{words[name]} {number}"
