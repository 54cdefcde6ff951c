"""The lists of a month before anybody has written them badly: one frame a list, every value right.

Belongs here: which rows each kind of source has and what they say. Not here: errors in identity columns
(:mod:`pipeline.demo.noise`), headings and files (:mod:`pipeline.demo.layouts`), card use
(:mod:`pipeline.demo.card_use`).

Every frame has ``pid``, ``hid``, ``line`` (tells several rows of one person apart), ``fate`` (``mention``, or the
reason why the row must end in quarantine) and the canonical columns of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.demo import names, places
from pipeline.demo.conditions import MONTHLY
from pipeline.demo.dice import Dice, Keys, keys, mix
from pipeline.demo.scene import Scene

WHO = ("nik", "no_kk", "name", "birth_date", "birth_place", "sex")
PLAIN_DOUBLE = 3
"""``line`` of the second registry row of a person whom the registry has twice for no reason but an error."""
WHERE = ("address", "dusun", "rt", "rw", "desa", "kecamatan", "kabupaten")
_REGION = ("desa_code", "kecamatan_code", "kabupaten_code", "true_desa")


@dataclass(frozen=True)
class ListFrame:
    """One list: its kind, its program if it has one, and its rows."""

    kind: str
    program: str
    rows: pl.DataFrame

    @property
    def code(self) -> str:
        """Name of the list, the same every month."""
        return f"{self.kind} {self.program}".strip()


def build(scene: Scene) -> list[ListFrame]:
    """All lists of persons of the month."""
    parts = [ListFrame("registry", "", _registry(scene))]
    parts += [ListFrame("recipients", p, _recipients(scene, p)) for p in ("pkh", "sembako", "pbi_jkn", "blt_dd")]
    parts += [ListFrame("payments", p, _payments(scene, p)) for p in ("pkh", "sembako")]
    single = {
        "deaths": _deaths,
        "employment": _employment,
        "companions": _companions,
        "tksk": _tksk,
        "ppks": _ppks,
        "proposals": _proposals,
    }
    return parts + [ListFrame(kind, "", make(scene)) for kind, make in single.items()]


# ------------------------------------------------------------------------------ who and where


def _identity(rows: pl.DataFrame, scene: Scene, code: str, *, stale: float) -> pl.DataFrame:
    """Add who and where to rows of ``pid`` (and ``home_hid``: whose card and house it is, by default the own one).

    Args:
        stale: how often a renewed family card still stands with its old number.
    """
    if "home_hid" not in rows.columns:
        rows = rows.with_columns(home_hid="hid")
    people = scene.people.select(
        "pid", "nik", "name", "first_kecamatan",
        pl.from_epoch(pl.col("birth_day"), time_unit="d").alias("birth_date"),
        pl.when("woman").then(pl.lit("P")).otherwise(pl.lit("L")).alias("sex"),
        pl.col("kecamatan_code").alias("own_kecamatan"),
    )  # fmt: skip
    homes = scene.homes.select(
        "no_kk", "old_kk", "second_kk", "place", "dusun", "rt", "rw", "has_rt", "street", "house_number", "on_street",
        pl.col("hid").alias("home_hid"),
    )  # fmt: skip
    rows = rows.join(people, on="pid", how="left", maintain_order="left")
    rows = rows.join(homes, on="home_hid", how="left", maintain_order="left")
    rows = _somewhere(rows, scene)
    family = mix(keys(rows["home_hid"].fill_null(-1).to_numpy()), len(code))
    old = pl.Series(scene.dice.happens(family, f"old card on {code}", stale))
    streets = names.material()["streets"]
    street = pl.col("street").replace_strict(dict(enumerate(streets)), return_dtype=pl.String)
    number = pl.col("house_number").cast(pl.String)
    dusun = pl.concat_str(pl.lit("Dusun "), pl.col("dusun").replace_strict(_ROMAN, return_dtype=pl.String))
    places_of_birth = pl.col("first_kecamatan").replace_strict(places.birth_places(), return_dtype=pl.String)
    region = scene.world.places.drop("origin", "size")
    return (
        rows.join(region, on="place", how="left", maintain_order="left")
        .with_columns(
            true_desa="desa",
            no_kk=pl.when(old).then(pl.coalesce("old_kk", "no_kk")).otherwise("no_kk"),
            birth_place=places_of_birth,
            dusun=dusun,
            address=pl.when("on_street").then(pl.concat_str(pl.lit("Jl. "), street, pl.lit(" No. "), number))
            .otherwise(dusun),
            rt=pl.when("has_rt").then("rt"),
            rw=pl.when("has_rt").then("rw"),
        )
        .drop("place", "street", "house_number", "on_street", "has_rt", "home_hid", "first_kecamatan")
    )  # fmt: skip


_ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV", 5: "V", 6: "VI"}


def _somewhere(rows: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Strangers live in some desa of their kecamatan."""
    first = scene.world.places.group_by("kecamatan_code").agg(pl.col("place").min().alias("_place"))
    rows = rows.join(first, left_on="own_kecamatan", right_on="kecamatan_code", how="left", maintain_order="left")
    return rows.with_columns(
        place=pl.coalesce("place", "_place"),
        dusun=pl.col("dusun").fill_null(2),
        street=pl.col("street").fill_null(3),
        house_number=pl.col("house_number").fill_null(7),
        on_street=pl.col("on_street").fill_null(True),
        has_rt=pl.col("has_rt").fill_null(False),
    ).drop("_place", "own_kecamatan")


def _key(rows: pl.DataFrame) -> Keys:
    return mix(keys(rows["pid"].to_numpy()), keys(rows["line"].to_numpy()))


def _mentions(rows: pl.DataFrame) -> pl.DataFrame:
    out = rows.with_columns(fate=pl.lit("mention"))
    return out if "line" in out.columns else out.with_columns(line=pl.lit(0, dtype=pl.Int64))


def _choose(
    values: tuple[str, ...], dice: Dice, key: Keys, question: str, weights: tuple[float, ...] | None = None
) -> pl.Series:
    at = dice.pick(key, question, weights or (1.0,) * len(values))
    return pl.Series(np.asarray(values, dtype=object)[at].tolist(), dtype=pl.String)


# ----------------------------------------------------------------------------------- registry

_RELATIONSHIP = {0: "head", 1: "spouse", 2: "child", 3: "parent", 4: "grandchild", 5: "other_relative"}
_MEN = ("Petani", "Nelayan", "Buruh Tani", "Buruh Harian Lepas", "Wiraswasta", "Sopir", "Tukang Kayu", "Pedagang")
_WOMEN = ("Mengurus Rumah Tangga", "Pedagang", "Petani", "Penjahit", "Buruh Tani")
_ILLNESSES = ("HIPERTENSI", "DIABETES", "ASMA", "TBC", "STROKE", "JANTUNG")


def _registry(scene: Scene) -> pl.DataFrame:
    """A row a person of a registered family; again for a second family card, a parents' card, a plain double."""
    dice = scene.dice
    homes = scene.homes.filter("registered").select("hid", "desil", has_second=pl.col("second_kk").is_not_null())
    own = scene.facts.join(homes, on="hid", how="inner", maintain_order="left").with_columns(
        line=pl.lit(0, dtype=pl.Int64), home_hid="hid"
    )
    key = keys(own["pid"].to_numpy())
    second = own.filter("has_second").with_columns(line=pl.lit(1, dtype=pl.Int64))
    elsewhere = own.filter(pl.col("other_hid").is_not_null()).with_columns(
        line=pl.lit(2, dtype=pl.Int64), home_hid="other_hid", role=pl.lit(2, dtype=pl.Int64)
    )
    free = (~own["has_second"]).to_numpy() & own["other_hid"].is_null().to_numpy()
    double = dice.some(key, "twice in the registry", 0.011, least=3, among=free)
    twice = own.filter(pl.Series(double)).with_columns(line=pl.lit(PLAIN_DOUBLE, dtype=pl.Int64))
    rows = pl.concat([own, second, elsewhere, twice])
    rows = _registry_values(rows, dice)
    rows = _identity(rows, scene, "registry", stale=0.04).with_columns(
        no_kk=pl.when(pl.col("line") == 1).then("second_kk").otherwise("no_kk")
    )
    order = ["kabupaten_code", "kecamatan_code", "desa_code", "no_kk", "role", "pid", "line"]
    rows = rows.sort(order).select(
        "pid", "hid", "line", *WHO, "relationship", *WHERE, *_REGION, "desil", "occupation", "pregnant",
        "school_level", "disability", "chronic_illness", "odgj", "population_status", "income",
    )  # fmt: skip
    return _mentions(rows)


def _registry_values(rows: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    key = keys(rows["pid"].to_numpy())
    adult, aged = pl.col("age") >= 18, pl.col("age") >= 64
    trade = pl.select(
        pl.when(rows["woman"]).then(_choose(_WOMEN, dice, key, "trade of a woman", (5.0, 1.0, 1.0, 0.5, 0.5)))
        .otherwise(_choose(_MEN, dice, key, "trade of a man"))
    ).to_series()  # fmt: skip
    pay = pl.Series(dice.between(key, "registry income", 4, 26) * 100_000)
    ill = pl.Series(dice.happens(key, "chronic illness", 0.05))
    quiet = pl.Series(dice.happens(_key(rows), "desil empty on a row", 0.03)) & (pl.col("role") != 0)
    fertile = pl.col("woman") & pl.col("age").is_between(10, 55)
    earns = adult & (trade != "Mengurus Rumah Tangga") & ~aged
    return rows.with_columns(
        relationship=pl.col("role").replace_strict(_RELATIONSHIP, return_dtype=pl.String),
        desil=pl.when(quiet).then(None).otherwise("desil"),
        occupation=pl.when(pl.col("school") != "none").then(pl.lit("Pelajar/Mahasiswa"))
        .when(adult & ~aged).then(trade).otherwise(pl.lit("Belum/Tidak Bekerja")),
        pregnant=pl.when(fertile & ~pl.col("pregnancy_unknown")).then("pregnant"),
        school_level=pl.when((pl.col("school") == "none") & (pl.col("age") < 7)).then(pl.lit("too young"))
        .otherwise("school"),
        chronic_illness=pl.when(ill & adult).then(_choose(_ILLNESSES, dice, key, "illness")),
        population_status=pl.when("death_registered", pl.col("death_day").is_not_null()).then(pl.lit("deceased"))
        .when(pl.col("moved_day").is_not_null()).then(pl.lit("moved")).otherwise(pl.lit("active")),
        income=pl.when(earns).then(pay),
    )  # fmt: skip


# ---------------------------------------------------------------------------- benefits and pay


def _recipients(scene: Scene, program: str) -> pl.DataFrame:
    lines = scene.lines.filter(pl.col("program") == program).select("pid", "hid", "line", "active")
    rows = _identity(lines, scene, f"recipients {program}", stale=0.4)
    rows = _money(rows, scene, program).sort("desa_code", "hid", "pid", "line")
    key = keys(rows["pid"].to_numpy())
    rows = rows.with_columns(
        status=pl.when("active").then(pl.lit("AKTIF")).otherwise(pl.lit("NON AKTIF")),
        bpjs_number=pl.Series(scene.dice.below(key, "bpjs", 10**11)).cast(pl.String).str.zfill(13),
        list_period=pl.lit(scene.period.first_day),
    )
    return _mentions(rows)


def _money(rows: pl.DataFrame, scene: Scene, program: str) -> pl.DataFrame:
    """Amount, component, card, account, phone and companion of each line."""
    homes = scene.homes.select("hid", "components", "pkh_amount")
    rows = (
        rows.join(homes, on="hid", how="left", maintain_order="left")
        .join(scene.wallets.drop("hid", "kecamatan_code", "place"), on="pid", how="left", maintain_order="left")
        .join(scene.assigned.select("hid", "companion"), on="hid", how="left", maintain_order="left")
    )
    amount = pl.col("pkh_amount").cast(pl.Int64) if program == "pkh" else pl.lit(MONTHLY[program], dtype=pl.Int64)
    stale = pl.Series(scene.dice.happens(keys(rows["hid"].to_numpy()), "component of old", 0.7))
    component = pl.when(pl.col("components") != "").then("components").when(stale).then(pl.lit("ANAK SMA"))
    return rows.with_columns(
        amount=amount, component=component, card_number="card", account_number="account"
    ).drop("components", "pkh_amount", "card", "account")  # fmt: skip


def _payments(scene: Scene, program: str) -> pl.DataFrame:
    """Recipients in two thirds of the kecamatan, the same every month, some of them on a second line."""
    lines = scene.lines.filter((pl.col("program") == program) & pl.col("active") & (pl.col("line") == 0))
    region = lines["kecamatan_code"].cast(pl.Int64).to_numpy()
    seen = scene.dice.happens(keys(region), f"{program} is paid", 0.65)
    kept = scene.dice.happens(mix(keys(lines["pid"].to_numpy()), scene.month), "on the pay list", 0.92)
    chosen = lines.filter(pl.Series((seen & kept) if seen.sum() > 20 else kept))
    again = scene.dice.some(
        keys(chosen["pid"].to_numpy()), f"{program} paid twice", 0.02, least=2, among=np.ones(chosen.height, dtype=bool)
    )
    both = pl.concat([chosen, chosen.filter(pl.Series(again)).with_columns(line=pl.lit(1))]).select(
        "pid", "hid", pl.col("line").cast(pl.Int64)
    )
    rows = _money(_identity(both, scene, f"payments {program}", stale=0.4), scene, program)
    shuffled = scene.dice.uniform(_key(rows), "place on the pay list")
    rows = rows.with_columns(luck=pl.Series(shuffled)).sort("kecamatan_code", "desa_code", "luck").drop("luck")
    return _mentions(rows.with_columns(list_period=pl.lit(scene.period.first_day)))


# ------------------------------------------------------------------------------- other kinds


def _deaths(scene: Scene) -> pl.DataFrame:
    rows = scene.people.filter(pl.col("death_day").is_not_null() & pl.col("death_reported").fill_null(True)).select(
        "pid", "hid", death_date=pl.from_epoch(pl.col("death_day"), time_unit="d")
    )
    key = keys(rows["pid"].to_numpy())
    certificate = pl.concat_str(
        pl.lit("7500-KM-"),
        pl.Series(scene.dice.between(key, "certificate", 10_000, 999_999)).cast(pl.String).str.zfill(8),
    )
    rows = rows.with_columns(external_id=certificate)
    return _mentions(_identity(rows, scene, "deaths", stale=0.5).sort("death_date", "pid"))


_EMPLOYERS = {
    "civil_servant": ("Dinas Pendidikan", "Dinas Kesehatan", "Kantor Camat", "SDN 2", "Puskesmas", "Kantor Bupati"),
    "soldier_police": ("Polres", "Kodim 1314", "Polsek", "Lanal"),
    "state_enterprise": ("PLN", "PT Pos Indonesia", "Bank SulutGo", "PDAM"),
    "pensioner": ("Taspen", "Asabri"),
    "village_official": ("Kantor Desa",),
    "contract_worker": ("SDN 5", "Kantor Camat", "Puskesmas"),
    "private_employee": ("PT Tani Makmur", "CV Laut Biru", "Toko Sinar", "PT Pangan Timur"),
}


def _employment(scene: Scene) -> pl.DataFrame:
    rows = scene.employed.join(
        scene.people.select("pid", "hid", "death_day"), on="pid", how="left", maintain_order="left"
    )
    key = keys(rows["pid"].to_numpy())
    kept = scene.dice.happens(key, "the dead stay on the payroll", 0.3)
    rows = rows.filter(pl.Series(kept) | pl.col("death_day").is_null() | (pl.col("job") == "pensioner")).drop(
        "death_day"
    )
    key = keys(rows["pid"].to_numpy())
    luck = scene.dice.uniform(key, "employer")
    employer = [_EMPLOYERS[j][int(u * len(_EMPLOYERS[j]))] for j, u in zip(rows["job"].to_list(), luck, strict=True)]
    number = scene.dice.between(key, "staff number", 10**8, 10**9 - 1)
    rows = rows.with_columns(
        employer=pl.Series(employer, dtype=pl.String), external_id=pl.Series(number).cast(pl.String)
    )
    rows = rows.rename({"written": "employment_type"})
    return _mentions(_identity(rows, scene, "employment", stale=0.5).sort("job", "kecamatan_code", "pid"))


def _companions(scene: Scene) -> pl.DataFrame:
    roster = scene.companions.select("pid", "hid", role="job", area="kecamatan_code")
    names_of = dict(scene.world.places.select("kecamatan_code", "kecamatan").iter_rows())
    rows = _identity(roster, scene, "companions", stale=0.0)
    area = pl.concat_str(pl.lit("Kec. "), pl.col("area").replace_strict(names_of, return_dtype=pl.String))
    key = keys(rows["pid"].to_numpy())
    digits = pl.Series(scene.dice.between(key, "phone of staff", 10**7, 10**8 - 1)).cast(pl.String)
    return _mentions(rows.with_columns(area=area, phone=pl.lit("0856") + digits).sort("kecamatan_code", "pid"))


def _tksk(scene: Scene) -> pl.DataFrame:
    rows = scene.people.filter(pl.col("use") == "tksk").select("pid", "hid")
    rows = _identity(rows, scene, "tksk", stale=0.0)
    key = keys(rows["pid"].to_numpy())
    digits = pl.Series(scene.dice.between(key, "phone of staff", 10**7, 10**8 - 1)).cast(pl.String)
    visits = pl.Series(scene.dice.between(key, "visits", 3, 8) * 5)
    return _mentions(rows.with_columns(phone=pl.lit("0851") + digits, visits_per_month=visits).sort("kecamatan_code"))


PPKS = {
    "odgj": "ODGJ", "disability": "Penyandang Disabilitas", "neglected_elderly": "Lanjut Usia Terlantar",
    "neglected_child": "Anak Terlantar",
}  # fmt: skip


def ppks_need(scene: Scene) -> pl.DataFrame:
    """Who stands on the PPKS list and why: pid, hid, need. People met in the street have no household."""
    dice = scene.dice
    alone = scene.homes.select("hid", lonely=pl.col("n_present") == 1, poor=pl.col("desil") <= 4)
    facts = scene.facts.join(alone, on="hid", how="left", maintain_order="left")
    key = keys(facts["pid"].to_numpy())
    luck = pl.Series(dice.uniform(key, "on the ppks list"))
    old = (pl.col("age") >= 60) & pl.col("lonely") & pl.col("poor").fill_null(False)
    child = pl.col("age").is_between(3, 17) & pl.Series(dice.happens(key, "neglected", 0.004))
    need = (
        pl.when(pl.col("odgj") & (luck < 0.7)).then(pl.lit("odgj"))
        .when((pl.col("disability") != "none") & (luck < 0.3)).then(pl.lit("disability"))
        .when(old & (luck < 0.35)).then(pl.lit("neglected_elderly"))
        .when(child).then(pl.lit("neglected_child"))
    )  # fmt: skip
    found = facts.with_columns(need=need).filter(pl.col("need").is_not_null()).select("pid", "hid", "need")
    street = scene.people.filter(pl.col("use") == "ppks").select("pid", "hid", need=pl.lit("odgj"))
    return pl.concat([found, street])


def _ppks(scene: Scene) -> pl.DataFrame:
    rows = _identity(ppks_need(scene), scene, "ppks", stale=0.4)
    rows = rows.with_columns(ppks_category=pl.col("need").replace_strict(PPKS), reason=pl.lit(None, dtype=pl.String))
    return _mentions(rows.sort("kecamatan_code", "desa_code", "pid"))


_REASONS = ("Keluarga tidak mampu", "Belum pernah menerima bantuan", "Lansia hidup sendiri", "Kehilangan pekerjaan")
_WANTED = ("PKH", "Sembako", "PBI-JKN", "BLT-DD")


def _proposals(scene: Scene) -> pl.DataFrame:
    """Families without aid mostly, some who need none, some whom no list knows."""
    dice = scene.dice
    served = scene.lines.filter("active")["hid"].unique()
    heads = scene.facts.filter((pl.col("role") == 0) & pl.col("present"))
    poor = heads.select("hid").join(scene.homes.select("hid", "desil"), on="hid", how="left", maintain_order="left")
    key = keys(heads["pid"].to_numpy())
    chance = np.where((poor["desil"].fill_null(9) <= 4).to_numpy(), 0.25, 0.02)
    chance = np.where(heads["hid"].is_in(served.implode()).to_numpy(), chance * 0.2, chance)
    among = np.ones(len(key), dtype=bool)
    proposed = dice.some(mix(key, scene.month), "proposed", chance, least=4, among=among)
    known = heads.filter(pl.Series(proposed)).select("pid", "hid")
    unknown = scene.people.filter(pl.col("use") == "proposals").select("pid", "hid")
    rows = _identity(pl.concat([known, unknown]), scene, "proposals", stale=0.3)
    key = keys(rows["pid"].to_numpy())
    rows = rows.with_columns(day=pl.Series(dice.between(key, "day of a proposal", 2, 26)))
    rows = rows.with_columns(
        program=_choose(_WANTED, dice, key, "wanted program"), reason=_choose(_REASONS, dice, key, "why"),
        proposed_at=(pl.lit(scene.period.first_day) + pl.duration(days="day")).cast(pl.Date),
    )  # fmt: skip
    return _mentions(rows.sort("desa_code", "pid"))
