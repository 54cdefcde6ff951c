"""The findings that a perfect reader of the files would report, and those that may be left out.

Belongs here: findings of a month from the true units (:mod:`pipeline.demo.verdicts`), from what stands on the
recipients lists, and from the planted misuse. ``optional`` is 1 where careful people may differ.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.demo.card_use import CardUse
from pipeline.demo.conditions import MONTHLY
from pipeline.demo.lists import ppks_need
from pipeline.demo.scene import Scene
from pipeline.demo.verdicts import household_id, person_id

COLUMNS: Final = (
    "finding_type", "reason", "program", "subject_kind", "true_subject_id", "kecamatan_code", "amount", "optional",
    "aliases",
)  # fmt: skip


def _shape(found: pl.DataFrame, **fixed: str | int) -> pl.DataFrame:
    """Complete findings to the columns of the truth."""
    defaults: dict[str, object] = {"program": "", "aliases": "", "optional": 0, "amount": None}
    for name, value in {**defaults, **fixed}.items():
        if name in fixed or name not in found.columns:
            found = found.with_columns(pl.lit(value).alias(name))
    return found.select(
        pl.col(c).cast(pl.Float64 if c == "amount" else pl.Int64 if c == "optional" else pl.String) for c in COLUMNS
    )


def _unit_id() -> pl.Expr:
    return pl.when(pl.col("subject_kind") == "household").then(household_id("id")).otherwise(person_id("id"))


def findings(
    scene: Scene, judged: pl.DataFrame, written: pl.DataFrame, use: CardUse, idle: list[pl.DataFrame]
) -> pl.DataFrame:
    """All findings of the month.

    Args:
        judged: :func:`pipeline.demo.verdicts.units`.
        written: accepted rows of recipients and pay lists as written, with kind, program, damage and nik_impossible.
        idle: :func:`unclaimed` of the months before, oldest first.
    """
    parts = [
        *_errors(judged),
        *_duplicates(scene, written),
        *_identity(written),
        *_misuse(scene, use),
        *_unclaimed(scene, use, idle),
        *_service_gap(scene),
    ]
    key = ["finding_type", "reason", "program", "true_subject_id"]
    return (
        pl.concat(parts)
        .sort(*key, "optional")
        .unique(key, keep="first", maintain_order=True)
        .sort("finding_type", "reason", "program", "true_subject_id")
    )


def _errors(judged: pl.DataFrame) -> list[pl.DataFrame]:
    judged = judged.with_columns(true_subject_id=_unit_id())
    entitled = (pl.col("status") == "eligible") & ~pl.col("excluded") & pl.col("registered") & (pl.col("n_present") > 0)
    reported = (pl.col("program") != "blt_dd") | (pl.col("desil") == 1)
    unserved = judged.filter(entitled & reported & ~pl.col("served")).with_columns(
        amount=pl.col("program").replace_strict(MONTHLY, return_dtype=pl.Int64)
    )
    served = judged.filter("served")
    wrong = served.filter(pl.col("status") == "ineligible").explode("against").rename({"against": "reason"})
    # a dead person's own standing does not matter any more
    late = (pl.col("n_present") == 0) & ~pl.col("reason").is_in(["deceased", "moved_out"])
    wrong = wrong.with_columns(optional=late.cast(pl.Int64))
    outside = served.filter(~pl.col("registered"))
    unknown = served.filter(pl.col("registered") & (pl.col("status") == "unknown") & (pl.col("n_present") > 0))
    overlaps = []
    for other in ("pkh", "sembako"):
        mine = served.filter(pl.col("program") == other).select("hid")
        both = served.filter(pl.col("program") == "blt_dd").join(mine, on="hid", how="semi")
        overlaps.append(_shape(both, finding_type="program_overlap", reason=f"blt_dd+{other}"))
    return [
        _shape(unserved, finding_type="exclusion_error", reason="eligible_unserved"),
        _shape(wrong, finding_type="inclusion_error"),
        _shape(outside, finding_type="unverifiable", reason="not_in_registry"),
        _shape(unknown, finding_type="unverifiable", reason="unknown_eligibility"),
        *overlaps,
    ]


def _duplicates(scene: Scene, written: pl.DataFrame) -> list[pl.DataFrame]:
    """One person on two active lines, two persons of one household; on the pay list only: optional."""
    lines = scene.lines.filter("active")
    amount = pl.col("program").replace_strict(MONTHLY, return_dtype=pl.Int64)
    twice = lines.group_by("program", "pid").agg(pl.len().alias("n"), pl.col("kecamatan_code").first())
    twice = twice.filter(pl.col("n") > 1).with_columns(amount=amount, true_subject_id=person_id())
    pay = written.filter(pl.col("kind") == "payments")
    paid = pay.group_by("program", "pid").agg(pl.len().alias("n"), pl.col("kecamatan_code").first())
    paid = paid.filter(pl.col("n") > 1).with_columns(true_subject_id=person_id())
    whole = lines.filter(pl.col("program") != "pbi_jkn").group_by("program", "hid").agg(
        pl.col("pid").n_unique().alias("n"), pl.col("kecamatan_code").first()
    )  # fmt: skip
    whole = whole.filter(pl.col("n") > 1).with_columns(amount=amount, true_subject_id=household_id())
    kind: dict[str, str | int] = {"finding_type": "duplicate_benefit"}
    return [
        _shape(twice, **kind, reason="same_person_twice", subject_kind="person"),
        _shape(paid, **kind, reason="same_person_twice", subject_kind="person", optional=1),
        _shape(whole, **kind, reason="same_household_twice", subject_kind="household"),
    ]


def possible_nik(column: str = "nik") -> pl.Expr:
    """Whether a written number could be a NIK: 16 digits after taking off marks, a province, a date, a serial."""
    text = pl.col(column).str.replace(r"\.0$", "").str.replace_all(r"[\s'.\-]", "")
    day = text.str.slice(6, 2).cast(pl.Int64, strict=False)
    month = text.str.slice(8, 2).cast(pl.Int64, strict=False)
    province = text.str.slice(0, 2).cast(pl.Int64, strict=False)
    year = text.str.slice(10, 2).cast(pl.Int64, strict=False)
    full = pl.when(year <= _NEWEST_YEAR).then(2000 + year).otherwise(1900 + year)
    real_day = pl.when(day > 40).then(day - 40).otherwise(day)
    month_days = (
        pl.when(month.is_in([4, 6, 9, 11])).then(30).when((month == 2) & (full % 4 == 0)).then(29)
        .when(month == 2).then(28).otherwise(31)
    )  # fmt: skip
    return (
        text.str.contains(r"^\d{16}$")
        & province.is_in(_PROVINCES)
        & month.is_between(1, 12)
        & (real_day >= 1)
        & (real_day <= month_days)
        & (text.str.slice(12, 4) != "0000")
    )


_PROVINCES: Final = (
    *range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 97),
)  # fmt: skip
"""Province codes in force (Kemendagri)."""

_NEWEST_YEAR: Final = 40
"""Two-digit years up to here are this century's; only 29 February hangs on it."""

_READABLE_LOSS: Final = ("number_cell", "masked", "family_number", "letter", "filler")


def _identity(written: pl.DataFrame) -> list[pl.DataFrame]:
    """What is wrong with the number or the name on a recipients line; on the pay list only: optional."""
    rows = written.with_columns(
        listed=(pl.col("kind") == "recipients") & pl.col("active").fill_null(True), true_subject_id=person_id()
    )
    soft = pl.col("nik_damage").is_in(_READABLE_LOSS).fill_null(False)
    lost = rows.filter(pl.col("nik").is_not_null() & (pl.col("nik_impossible") | soft)).with_columns(
        optional=(soft | ~pl.col("listed")).cast(pl.Int64)
    )
    shared = rows.filter(pl.col("owner").is_not_null()).with_columns(optional=(~pl.col("listed")).cast(pl.Int64))
    owners = shared.with_columns(true_subject_id=person_id("owner"))
    renamed = rows.filter(pl.col("name_damage") == "other_person").with_columns(
        optional=(~pl.col("listed")).cast(pl.Int64)
    )
    kind: dict[str, str | int] = {"finding_type": "identity_problem", "subject_kind": "person"}
    return [
        _shape(lost, **kind, reason="invalid_nik"),
        _shape(shared, **kind, reason="nik_shared"),
        _shape(owners, **kind, reason="nik_shared", optional=1),
        _shape(shared, **kind, reason="name_mismatch", optional=1),
        _shape(owners, **kind, reason="name_mismatch", optional=1),
        _shape(renamed, **kind, reason="name_mismatch"),
        _shape(renamed, **kind, reason="nik_shared", optional=1),
    ]


def _misuse(scene: Scene, use: CardUse) -> list[pl.DataFrame]:
    people = scene.people.select(pl.col("pid").alias("companion_pid"), "name", "nik")
    holders = use.holders.join(people, on="companion_pid", how="left").with_columns(
        true_subject_id=person_id("companion_pid"), aliases=pl.concat_str("name", pl.lit("|"), "nik")
    )
    agents = use.agents.with_columns(true_subject_id="agent_id", aliases="terminal_id")
    kind: dict[str, str | int] = {"finding_type": "card_misuse"}
    return [
        _shape(agents, **kind, reason="bulk_withdrawal", subject_kind="agent"),
        _shape(holders, **kind, reason="companion_holds_cards", subject_kind="companion"),
        _shape(_shared(scene, "account", ("pkh", "sembako")), **kind, reason="shared_account", subject_kind="account"),
        _shape(_shared(scene, "phone", ("sembako",)), **kind, reason="shared_phone", subject_kind="phone"),
    ]


def _shared(scene: Scene, column: str, programs: tuple[str, ...]) -> pl.DataFrame:
    """Numbers that three or more persons on the lists share."""
    listed = scene.lines.filter(pl.col("active") & pl.col("program").is_in(programs))
    listed = listed.with_columns(amount=pl.col("program").replace_strict(MONTHLY, return_dtype=pl.Int64))
    cards = scene.wallets.select("pid", column, "card")
    return (
        listed.join(cards, on="pid", how="inner")
        .group_by(column)
        .agg(
            pl.col("pid").n_unique().alias("n"), pl.col("kecamatan_code").min(), pl.col("amount").sum(),
            pl.col("card").unique().sort().str.join("|").alias("aliases"),
        )
        .filter(pl.col("n") >= 3)
        .rename({column: "true_subject_id"})
    )  # fmt: skip


def unclaimed(scene: Scene, use: CardUse) -> pl.DataFrame:
    """Benefits of the month whose card was not used: program, hid, kecamatan_code, amount."""
    lines = scene.lines.filter(pl.col("active") & pl.col("program").is_in(["pkh", "sembako"]))
    return (
        lines.join(use.unused, on="hid", how="semi")
        .select("program", "hid", "kecamatan_code")
        .unique(["program", "hid"], maintain_order=True)
        .with_columns(amount=pl.col("program").replace_strict(MONTHLY, return_dtype=pl.Int64))
    )


def _unclaimed(scene: Scene, use: CardUse, idle: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """A card without withdrawal this month; three months running is the graver finding that says the same."""
    now = unclaimed(scene, use).with_columns(true_subject_id=household_id(), subject_kind=pl.lit("household"))
    long = now.head(0)
    if len(idle) >= 2:
        long = now
        for before in idle[-2:]:
            long = long.join(before, on=["program", "hid"], how="semi")
    short = now.join(long, on=["program", "hid"], how="anti")
    kind: dict[str, str | int] = {"finding_type": "unclaimed_benefit"}
    return [
        _shape(short, **kind, reason="no_transaction"),
        _shape(long, **kind, reason="no_transaction", optional=1),
        _shape(long, **kind, reason="balance_idle"),
    ]


def _service_gap(scene: Scene) -> list[pl.DataFrame]:
    """People in need whom no program reaches: on the PPKS list they must be reported, elsewhere they may be."""
    active = scene.lines.filter("active")
    insured = active.filter(pl.col("program") == "pbi_jkn")
    helped = active.filter(pl.col("program") != "pbi_jkn")["hid"].unique()
    family_insured = insured["hid"].unique()
    homes = scene.homes.select("hid", home="kecamatan_code")
    people = scene.people.select("pid", "hid", own="kecamatan_code", died="death_day", moved="moved_day")
    needy = ppks_need(scene).select("pid", "need", listed=pl.lit(True))
    others = scene.facts.filter(pl.col("odgj") | (pl.col("disability") != "none")).select(
        "pid", need=pl.lit("disability"), listed=pl.lit(False)
    )
    everybody = pl.concat([needy, others]).unique("pid", keep="first", maintain_order=True)
    gap = (
        everybody.join(people, on="pid", how="left", maintain_order="left")
        .join(homes, on="hid", how="left", maintain_order="left")
        .filter(pl.col("died").is_null() & pl.col("moved").is_null())
        .filter(~pl.col("pid").is_in(insured["pid"].implode()))
        .filter(~pl.col("hid").is_in(helped.implode()).fill_null(False))
    )
    half = pl.col("hid").is_in(family_insured.implode()).fill_null(False)
    optional = ~pl.col("listed") | (pl.col("need") == "neglected_child") | half
    gap = gap.with_columns(
        true_subject_id=person_id(), kecamatan_code=pl.coalesce("home", "own"), optional=optional.cast(pl.Int64)
    )
    return [_shape(gap, finding_type="service_gap", reason="ppks_unserved", subject_kind="person")]
