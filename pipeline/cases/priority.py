"""Order of work: which cases a TKSK visits this month, and why these.

Belongs here: the harm expected of a case, the choice within what a TKSK can visit, the share kept for people who
should be helped and are not, and the way from house to house. A reason in words stands beside every choice.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules

OWNER: Final = ["kecamatan_code", "assigned_to"]
VISITABLE: Final = ("new", "assigned", "in_progress", "reopened")

_WORDS: Final = {
    "id": {
        "month": "bantuan {} sebulan", "sure": "keyakinan {} %", "seen": "tercatat {} bulan",
        "nothing": "belum menerima apa pun", "overdue": "lewat batas waktu", "share": "jatah warga yang belum dibantu",
    },
    "en": {
        "month": "aid of {} a month", "sure": "{} % sure", "seen": "seen in {} months", "nothing": "receives nothing",
        "overdue": "overdue", "share": "share of people not yet helped",
    },
}  # fmt: skip

_SHARES: Final = [words["share"] for words in _WORDS.values()]


def harm(findings: pl.DataFrame, facts: pl.DataFrame, rules: FieldRules, today: date, language: str) -> pl.DataFrame:
    """The harm expected of each case: ``case_id``, ``harm`` (rupiah), ``protected``, ``sampled``, ``explanation``.

    Of households of a verification sample neither tells whether anything is flagged: what the visitor expects, the
    visitor finds.

    Harm is, summed over the findings of a case, rupiah a month x how sure x months it has lasted and will last x weight
    of its type; then x how vulnerable the household is, and more once it is overdue. A visit is one household.

    Args:
        findings: that wait for an answer: ``case_id``, ``finding_type``, ``amount``, ``confidence``, ``months``,
            ``due_at``.
        facts: ``case_id`` and the facts of households that ``priority.vulnerable`` names.
        rules: weights.
        today: overdue is what was due before.
        language: id or en.
    """
    order, words = rules.priority, _WORDS[language]
    kind = pl.col("finding_type")
    floor = kind.replace_strict(order.floor, default=0, return_dtype=pl.Int64)
    weight = kind.replace_strict(order.weight, default=1.0, return_dtype=pl.Float64)
    months = (pl.col("months") + order.months_ahead).clip(upper_bound=order.months_at_most)
    one = findings.with_columns(
        harm=pl.max_horizontal(pl.col("amount").fill_null(0), floor) * pl.col("confidence") * months * weight
    )
    cases = one.sort("harm", "finding_key", descending=[True, False]).group_by("case_id", maintain_order=True).agg(
        pl.col("harm").sum(),
        amount=pl.col("amount").fill_null(0).sum(),
        sure=pl.col("confidence").first(),
        months=pl.col("months").max(),
        protected=kind.is_in(list(rules.exclusion_types)).any(),
        sampled=(kind == SAMPLE_VISIT).any(),
        overdue=(pl.col("due_at") < today).any(),
    )  # fmt: skip
    cases = cases.join(facts, on="case_id", how="left", maintain_order="left")
    there = {name: (pl.col(name).fill_null(0) > 0) for name in order.vulnerable if name in cases.columns}
    factor = pl.sum_horizontal(
        pl.lit(1.0), *(pl.when(is_so).then(order.vulnerable[n].adds).otherwise(0.0) for n, is_so in there.items())
    )
    late = pl.when("overdue").then(order.overdue).otherwise(1.0)
    parts = [
        pl.when(pl.col("amount") > 0)
        .then(_filled(words["month"], _rupiah("amount")))
        .when("protected")
        .then(pl.lit(words["nothing"])),
        _filled(words["sure"], (pl.col("sure") * 100).round(0).cast(pl.Int64).cast(pl.String)),
        pl.when(pl.col("months") > 1).then(_filled(words["seen"], pl.col("months").cast(pl.String))),
        *(pl.when(is_so).then(pl.lit(str(getattr(order.vulnerable[n].text, language)))) for n, is_so in there.items()),
        pl.when("overdue").then(pl.lit(words["overdue"])),
    ]
    purpose = pl.lit(str(getattr(rules.sample.purpose, language)))  # the same at every door of a sample
    return cases.select(
        "case_id", "sampled", pl.col("protected") & ~pl.col("sampled"),
        harm=pl.when("sampled").then(0.0).otherwise((pl.col("harm") * factor * late).round(0)),
        explanation=pl.when("sampled").then(purpose)
        .otherwise(pl.concat_str(parts, separator=", ", ignore_nulls=True)),
    )  # fmt: skip


def _filled(text: str, value: pl.Expr) -> pl.Expr:
    before, after = text.split("{}")
    return pl.concat_str(pl.lit(before), value, pl.lit(after))


def _rupiah(column: str) -> pl.Expr:
    """Whole rupiah with points between thousands: ``Rp1.250.000``."""
    digits = pl.col(column).cast(pl.String).str.reverse()
    grouped = digits.str.replace_all(r"(\d{3})", "$1.").str.reverse().str.strip_chars(".")
    return pl.concat_str(pl.lit("Rp"), grouped)


def chosen(
    cases: pl.DataFrame, harms: pl.DataFrame, visits: pl.DataFrame, rules: FieldRules, period: str, language: str
) -> pl.DataFrame:
    """The month's visits of every TKSK, in the order in which to walk: ``harm``, ``explanation``, ``n``, ``day``.

    What was listed for the month stays in it, answered or not, and a verification sample is visited in full; of the
    other visits a share is kept for people not yet helped and a smaller one for all else, the rest goes to the greatest
    harm.

    Args:
        cases: in the queue of TKSK: columns of ``tables.CASES`` and ``dusun``.
        harms: see :func:`harm`; only cases that wait for an answer.
        visits: ``kecamatan_code``, ``assigned_to``, ``visits`` a month.
        rules: capacity.
        period: the month.
        language: of the explanation.
    """
    sampled = harms.filter("sampled")["case_id"].implode()
    listed = (pl.col("listed_period") == period).fill_null(False)
    to_visit = pl.col("case_id").is_in(sampled) & pl.col("state").is_in(VISITABLE)
    cases = cases.with_columns(listed=listed | to_visit)
    used = cases.filter("listed").group_by(OWNER).agg(used=pl.len())
    open_cases = cases.join(harms.rename({"explanation": "why"}), on="case_id", maintain_order="left")
    open_cases = open_cases.filter(pl.col("state").is_in(VISITABLE))
    slots = visits.join(used, on=OWNER, how="left", nulls_equal=True).with_columns(pl.col("used").fill_null(0))
    left = open_cases.join(slots, on=OWNER, how="left", nulls_equal=True, maintain_order="left").with_columns(
        visits=pl.col("visits").fill_null(rules.capacity.visits_per_month), used=pl.col("used").fill_null(0)
    )
    share = pl.when("protected").then(rules.capacity.exclusion_share).otherwise(rules.capacity.other_share)
    sort = [*OWNER, "protected"]  # each of the two sorts of finding has visits of its own
    had = pl.col("listed").sum().over(sort)
    left = left.with_columns(kept_for=(pl.col("visits") * share).ceil() - had, free=pl.col("visits") - pl.col("used"))
    fresh = left.filter(~pl.col("listed")).sort("harm", "case_id", descending=[True, False])
    turn = pl.int_range(1, pl.len() + 1)
    fresh = fresh.with_columns(turn=turn.over(OWNER), first=turn.over(sort) <= pl.col("kept_for"))
    before_others = pl.col("turn") + pl.when("protected").then(0).otherwise(pl.len())  # where not both shares have room
    so_far = pl.col("first").cast(pl.Int64).cum_sum().over(OWNER, order_by=before_others)
    fresh = fresh.with_columns(first=pl.col("first") & (so_far <= pl.col("free")))
    fresh = fresh.with_columns(
        rest=(~pl.col("first")).cum_sum().over(OWNER), over=pl.col("free") - pl.col("first").sum().over(OWNER)
    )
    picked = fresh.filter(pl.col("first") | (pl.col("rest") <= pl.col("over")))
    would_not = pl.col("first") & (pl.col("turn") > pl.col("free"))
    picked = picked.with_columns(shared=would_not & pl.col("protected"))
    before = left.filter("listed").with_columns(shared=pl.col("explanation").str.contains_any(_SHARES))
    both = pl.concat([before, picked], how="diagonal").with_columns(
        explanation=pl.when("shared")
        .then(pl.concat_str("why", pl.lit(", " + _WORDS[language]["share"])))
        .otherwise("why")
    )
    return _walk(both.select(*cases.columns, "harm", "protected"), rules)


def _walk(picked: pl.DataFrame, rules: FieldRules) -> pl.DataFrame:
    """From house to house: the desa with the greatest harm first, then dusun by dusun; ``n`` and ``day`` of a visit."""
    desa, dusun = [*OWNER, "desa_code"], [*OWNER, "desa_code", "dusun"]
    ordered = picked.with_columns(
        of_desa=pl.col("harm").sum().over(desa), of_dusun=pl.col("harm").sum().over(dusun)
    ).sort(
        *OWNER, "of_desa", "desa_code", "of_dusun", "dusun", "harm", "case_id",
        descending=[False, False, True, False, True, False, True, False],
    )  # fmt: skip
    n = pl.int_range(1, pl.len() + 1).over(OWNER)
    day = (n - 1) // rules.capacity.visits_per_day + 1
    return ordered.with_columns(n=n, day=day).drop("of_desa", "of_dusun")
