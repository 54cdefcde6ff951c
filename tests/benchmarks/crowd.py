"""People of a made-up province as one list with fuzzy duplicates: ``python -m tests.benchmarks.crowd FILE PERSONS``.

Dirtier than any month of the sample: of the second rows a third has a wrong, lossy or missing NIK, a quarter another
family number, a third a name that is misspelt, shortened or turned round, and there are families, twins and namesakes
beside them. Drawn in bulk, ten million in minutes; the same seed gives the same list.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.demo.names import material

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DUPLICATES = 0.15
_FIRST_DAY, _DAYS = np.datetime64("1938-01-01"), 86 * 365
_VILLAGES, _DISTRICTS = 740, 77
_KEYS = {"A": "S", "E": "R", "I": "U", "O": "P", "U": "Y", "N": "M", "R": "T", "S": "D", "L": "K", "D": "F", "H": "J"}
_SPELLINGS = {
    "MUHAMMAD": ("MOH", "MUH", "MOHAMMAD", "M"),
    "ABDUL": ("ABD",),
    "SITI": ("ST",),
    "NUR": ("NOER",),
    "AHMAD": ("ACHMAD",),
}
_SYLLABLES = tuple(c + v for c in "BDGHJKLMNPRSTWY" for v in "AIUEO")


def _zipf(chance: np.random.Generator, pool: list[str], n: int, skew: float) -> npt.NDArray[np.object_]:
    weights = 1.0 / np.arange(1, len(pool) + 1) ** skew
    got: npt.NDArray[np.object_] = np.array(pool, dtype=object)[chance.choice(len(pool), n, p=weights / weights.sum())]
    return got


def _pools(chance: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """Men's, women's and family names: those of the demo, and a long tail of rare ones."""
    origins = material()["origins"].values()

    def tail(n: int, end: str) -> list[str]:
        parts = chance.choice(_SYLLABLES, (n, 3))
        return ["".join(p[: 2 + i % 2]) + end for i, p in enumerate(parts)]

    men, women = ([n.upper() for o in origins for n in o[kind]] for kind in ("men", "women"))
    families = [n.upper() for o in origins for n in o.get("families", [])]
    return tuple(  # type: ignore[return-value]
        list(dict.fromkeys([*known, *tail(1500, end)])) for known, end in ((men, "N"), (women, "TI"), (families, ""))
    )


def _joined(*parts: npt.NDArray[np.generic] | str) -> pl.Series:
    columns = [pl.lit(p) if isinstance(p, str) else pl.lit(pl.Series(p.tolist())) for p in parts]
    return pl.select(pl.concat_str(columns)).to_series()


def _padded(numbers: Ints, width: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(width)


def persons(n: int, seed: int) -> pl.DataFrame:
    """Everybody once, as they are: columns who, nik, no_kk, nama, tgl_lahir, jk, desa, kecamatan, rt, rw, dusun."""
    chance = np.random.default_rng(seed)
    men, women, families = _pools(chance)
    home = np.sort(chance.integers(0, max(n // 4, 1), n))
    homes = int(home.max()) + 1
    village = np.minimum((chance.random(homes) ** 1.6 * _VILLAGES).astype(np.int64), _VILLAGES - 1)
    district = village * _DISTRICTS // _VILLAGES
    region = 750000 + (1 + district % 7) * 100 + 1 + district // 7
    issued = _FIRST_DAY + np.timedelta64(25000, "D") + chance.integers(0, 6000, homes).astype("timedelta64[D]")
    woman = chance.random(n) < 0.5
    day = (chance.beta(1.3, 1.1, n) * _DAYS).astype(np.int64)
    twin = np.append(False, home[1:] == home[:-1]) & (chance.random(n) < 0.008)
    day[twin] = day[np.flatnonzero(twin) - 1]
    born = _FIRST_DAY + day.astype("timedelta64[D]")
    new_year = (chance.random(n) < 0.03) & ~twin
    born[new_year] = born[new_year].astype("datetime64[Y]").astype("datetime64[D]")
    given = np.where(woman, _zipf(chance, women, n, 0.85), _zipf(chance, men, n, 0.85))
    second = np.where(woman, _zipf(chance, women, n, 0.85), _zipf(chance, men, n, 0.85))
    line = _zipf(chance, families, homes, 0.8)[home]
    line = np.where(chance.random(n) < 0.2, _zipf(chance, families, n, 0.8), line)
    style = chance.random(n)
    parts = pl.DataFrame({"g": given.tolist(), "s": second.tolist(), "f": line.tolist(), "x": style})
    name = parts.select(
        pl.when(pl.col("x") < 0.12).then("g").when(pl.col("x") < 0.38).then(pl.concat_str("g", "s", separator=" "))
        .when(pl.col("x") < 0.78).then(pl.concat_str("g", "f", separator=" "))
        .otherwise(pl.concat_str("g", "s", "f", separator=" "))
    ).to_series()  # fmt: skip

    def date_part(dates: npt.NDArray[np.datetime64], plus: Ints | int) -> pl.Series:
        d = pl.Series(dates).dt
        return pl.select(
            pl.concat_str(
                pl.lit(_padded(d.day().to_numpy().astype(np.int64) + plus, 2)),
                pl.lit(_padded(d.month().to_numpy().astype(np.int64), 2)),
                pl.lit(_padded(d.year().to_numpy().astype(np.int64) % 100, 2)),
            )
        ).to_series()

    registered = np.where(chance.random(n) < 0.85, region[home], region[chance.integers(0, homes, n)])
    nik = pl.Series(registered).cast(pl.String) + date_part(born, 40 * woman)
    serial = pl.DataFrame({"n": nik}).select(pl.int_range(1, pl.len() + 1).over("n")).to_series().to_numpy()
    return pl.DataFrame(
        {
            "who": np.arange(n),
            "nik": nik + _padded(serial, 4),
            "no_kk": (
                pl.Series(region).cast(pl.String) + date_part(issued, 0) + _padded(chance.integers(1, 60, homes), 4)
            )[home],
            "nama": name,
            "tgl_lahir": pl.Series(born).cast(pl.String),
            "jk": np.where(woman, "P", "L").tolist(),
            "desa": pl.Series("DESA " + _name_of(village)[home]),
            "kecamatan": pl.Series("KEC " + _name_of(district + 2000)[home]),
            "rt": chance.integers(1, 8, homes)[home],
            "rw": chance.integers(1, 5, homes)[home],
            "dusun": pl.Series([f"DUSUN {i}" for i in range(1, 7)])[chance.integers(0, 6, homes)[home]],
        }
    )


def _name_of(number: Ints) -> pl.Series:
    s = len(_SYLLABLES)
    at = np.array(_SYLLABLES, dtype=object)
    texts = at[number % s] + at[number // s % s] + at[(number * 7 + number // 40) % s]
    return pl.Series(texts.tolist(), dtype=pl.String)


def _some(chance: np.random.Generator, n: int, share: float) -> pl.Series:
    return pl.Series(chance.random(n) < share)


def _slip(chance: np.random.Generator, text: pl.Series, hit: pl.Series, *, digits: bool) -> pl.Series:
    """One keystroke: another sign, one left out, doubled, or two exchanged."""
    n = len(text)
    frame = pl.DataFrame({"t": text, "hit": hit, "at": chance.random(n), "kind": chance.random(n)})
    frame = frame.with_columns((pl.col("at") * pl.col("t").str.len_chars()).cast(pl.Int64).alias("at"))
    t, at = pl.col("t"), pl.col("at")
    here = t.str.slice(at, 1)
    other = (
        ((here.cast(pl.Int64, strict=False) + 1 + (pl.col("kind") * 997).cast(pl.Int64) % 9) % 10).cast(pl.String)
        if digits
        else here.replace(_KEYS)
    )
    before, after = t.str.slice(0, at), t.str.slice(at + 1)
    changed = (
        pl.when(pl.col("kind") < 0.45).then(pl.concat_str(before, other.fill_null(here), after))
        .when(pl.col("kind") < 0.6).then(pl.concat_str(before, after))
        .when(pl.col("kind") < 0.75).then(pl.concat_str(before, here, here, after))
        .otherwise(pl.concat_str(before, t.str.slice(at + 1, 1), here, t.str.slice(at + 2)))
    )  # fmt: skip
    return frame.select(pl.when(pl.col("hit")).then(changed).otherwise(t)).to_series()


def _worn_name(chance: np.random.Generator, name: pl.Series) -> pl.Series:
    n = len(name)
    frame = pl.DataFrame({"t": name, "x": chance.random(n), "y": chance.random(n)})
    words = pl.col("t").str.split(" ")
    x, first = pl.col("x"), words.list.first()
    long = words.list.len() > 1
    frame = frame.with_columns(
        pl.when((x < 0.05) & long).then(words.list.reverse().list.join(" "))
        .when((x < 0.11) & long).then(words.list.slice(0, words.list.len() - 1).list.join(" "))
        .when((x < 0.14) & long).then(words.list.slice(1).list.join(" "))
        .when((x < 0.17) & long).then(pl.concat_str(first, words.list.last().str.slice(0, 1), separator=" "))
        .when(x < 0.185).then(pl.concat_str(first, pl.lit("ALIAS"), first.str.slice(0, 3), separator=" "))
        .otherwise("t").alias("t")
    )  # fmt: skip
    text = frame["t"]
    for word, others in _SPELLINGS.items():
        pick = pl.Series(others)[chance.integers(0, len(others), n)]
        hit = _some(chance, n, 0.5)
        worn = pl.select(
            pl.when(pl.lit(hit) & pl.lit(text).str.starts_with(word + " "))
            .then(pl.concat_str(pl.lit(pick), pl.lit(text).str.slice(len(word))))
            .otherwise(pl.lit(text))
        ).to_series()
        text = worn
    text = _slip(chance, text, _some(chance, n, 0.20), digits=False)
    return _slip(chance, text, _some(chance, n, 0.05), digits=False)


def _worn(chance: np.random.Generator, rows: pl.DataFrame, everybody: pl.DataFrame) -> pl.DataFrame:
    """Rows as somebody else wrote them down."""
    n = rows.height
    other = everybody[chance.integers(0, everybody.height, n)]
    moved = _some(chance, n, 0.08)
    rows = rows.with_columns(
        rows[c].zip_with(~moved, other[c]) for c in ("desa", "kecamatan", "rt", "rw", "dusun")
    ).with_columns(rows["no_kk"].zip_with(~_some(chance, n, 0.12), other["no_kk"]))
    lossy = _some(chance, n, 0.06)
    nik = _slip(chance, rows["nik"], _some(chance, n, 0.14), digits=True)
    nik = nik.zip_with(~lossy, nik.str.slice(0, 15) + "0")
    nik = nik.set(_some(chance, n, 0.14), None)
    kk = _slip(chance, rows["no_kk"], _some(chance, n, 0.08), digits=True).set(_some(chance, n, 0.10), None)
    date = rows["tgl_lahir"]
    swapped = date.str.slice(0, 5) + date.str.slice(8, 2) + "-" + date.str.slice(5, 2)
    turned = _some(chance, n, 0.05) & (date.str.slice(8, 2).cast(pl.Int32) <= 12)
    date = date.zip_with(~turned, swapped)
    x = pl.Series(chance.random(n))
    year = (date.str.slice(0, 4).cast(pl.Int32) + pl.Series(chance.choice([-10, -1, 1, 10], n))).cast(pl.String)
    date = date.zip_with(x >= 0.05, year + date.str.slice(4))
    date = date.zip_with((x < 0.05) | (x >= 0.09), date.str.slice(0, 4) + "-01-01")
    day = _padded(chance.integers(1, 29, n), 2)
    date = date.zip_with((x < 0.09) | (x >= 0.12), date.str.slice(0, 8) + day)
    date = date.set(_some(chance, n, 0.05), None)
    sex = rows["jk"].zip_with(~_some(chance, n, 0.02), other["jk"]).set(_some(chance, n, 0.05), None)
    return rows.with_columns(
        nik.alias("nik"), kk.alias("no_kk"), _worn_name(chance, rows["nama"]).alias("nama"),
        date.alias("tgl_lahir"), sex.alias("jk"),
        rows["desa"].set(_some(chance, n, 0.04), None).alias("desa"),
        rows["rt"].set(_some(chance, n, 0.12), None).alias("rt"),
        rows["rw"].set(_some(chance, n, 0.12), None).alias("rw"),
        rows["dusun"].set(_some(chance, n, 0.25), None).alias("dusun"),
    )  # fmt: skip


def crowd(n: int, seed: int = 3) -> pl.DataFrame:
    """``n`` persons and 15 % further rows of some of them, shuffled; ``who`` says whose each row is."""
    chance = np.random.default_rng(seed + 1)
    everybody = persons(n, seed)
    again = _worn(chance, everybody[np.sort(chance.integers(0, n, int(DUPLICATES * n)))], everybody)
    rows = pl.concat([everybody, again])
    return rows[chance.permutation(rows.height)].with_columns(pl.col("rt", "rw").cast(pl.String))


if __name__ == "__main__":
    crowd(int(sys.argv[2])).write_parquet(Path(sys.argv[1]))
