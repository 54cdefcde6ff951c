"""Which pairs of mentions are compared at all.

Belongs here: the passes (each a key that rows of one person are likely to share), and the making of pairs. Not
here: how pairs are compared (:mod:`.compare`).

A pass is an array of 64-bit keys over rows. Rows are sorted by key and each is paired with the next ones of equal
key, so a pass costs one sort. Blocks that are too large are split by further keys rather than dropped; what is
still too large is compared along its sorted order within a window.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve import digits
from pipeline.resolve.digits import Rows
from pipeline.resolve.features import Features
from pipeline.resolve.settings import Blocking

Keys = npt.NDArray[np.uint64]
Pairs = npt.NDArray[np.uint64]
"""Pairs of rows, the smaller in the upper 32 bits."""

Make = Callable[[], tuple[Keys, Rows]]

_STRIPE: Final = 1024
_SEED: Final = np.uint64(0x9E3779B97F4A7C15)


def mix(*columns: npt.NDArray[np.generic]) -> Keys:
    """One well-spread 64-bit key of several integer columns (splitmix64)."""
    key = np.full(len(columns[0]), _SEED, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            key = (key ^ column.astype(np.int64).view(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
            key ^= key >> np.uint64(29)
            key = key * np.uint64(0x94D049BB133111EB)
            key ^= key >> np.uint64(32)
    return key


@dataclass(frozen=True)
class Pass:
    """One way to find candidates: a name for the log, and keys over rows (a row may have several)."""

    name: str
    make: Make


class _Maker:
    """Keys of one run's features, made on demand so that only one pass is in memory."""

    def __init__(self, features: Features) -> None:
        self.f = features
        self.all = np.arange(len(features), dtype=np.int64)
        f = features
        has = f.name >= 0
        self.bag = np.where(has, f.names.bag[f.name], -1) if len(f.names.text) else f.name
        self.parts = f.names.parts[f.name] if len(f.names.text) else np.zeros((len(f), 0), np.int32)
        self.parts = np.where(has[:, None], self.parts, -1)
        self.sounds = sounds(f.names.vocabulary)
        self.kk = f.kk.value
        self.nik = f.nik.value
        written = f.day > 0
        day, month = np.where(written, f.day, f.n_day), np.where(written, f.month, f.n_month)
        year = np.where(f.year > 0, f.year % 100, f.n_year2)
        low, high = np.minimum(day, month), np.maximum(day, month)
        self.date = np.where((low > 0) & (year >= 0), (year.astype(np.int64) * 100 + high) * 100 + low, 0)
        n_low, n_high = np.minimum(f.n_day, f.n_month), np.maximum(f.n_day, f.n_month)
        self.number_date = np.where(n_low > 0, (f.n_year2.astype(np.int64) * 100 + n_high) * 100 + n_low, 0)

    def keyed(self, known: npt.NDArray[np.bool_], *columns: npt.NDArray[np.generic]) -> tuple[Keys, Rows]:
        rows = self.all[known]
        return mix(*(c[known] for c in columns)), rows

    def later(self, known: npt.NDArray[np.bool_], *columns: npt.NDArray[np.generic]) -> Make:
        """:meth:`keyed`, when its turn comes."""
        return lambda: self.keyed(known, *columns)

    def parts_later(self, known: npt.NDArray[np.bool_], *columns: npt.NDArray[np.generic]) -> Make:
        """:meth:`by_part`, when its turn comes."""
        return lambda: self.by_part(known, *columns)

    def by_part(self, known: npt.NDArray[np.bool_], *columns: npt.NDArray[np.generic]) -> tuple[Keys, Rows]:
        """A key for the sound of each part of the name, so that order, a missing part and small slips do not matter."""
        keys, rows = [], []
        for k in range(self.parts.shape[1]):
            here = known & (self.parts[:, k] >= 0)
            if here.any():
                sound = self.sounds[self.parts[here, k]]
                keys.append(mix(sound, *(c[here] for c in columns)))
                rows.append(self.all[here])
        if not keys:
            return np.zeros(0, np.uint64), np.zeros(0, np.int64)
        return np.concatenate(keys), np.concatenate(rows)

    def without(self, first: int, last: int, *columns: npt.NDArray[np.generic]) -> tuple[Keys, Rows]:
        """The NIK but for some digits."""
        rest = self.f.nik.packed ^ digits.part(self.f.nik.packed, first, last)
        rest_known = self.f.nik.known | digits.part(np.full(1, digits.ALL_KNOWN, np.uint64), first, last)[0]
        return self.keyed(rest_known == digits.ALL_KNOWN, rest, *columns)

    def first_sound(self) -> npt.NDArray[np.int32]:
        if not self.parts.shape[1] or not len(self.sounds):
            return np.full(len(self.all), -1, np.int32)
        return np.where(self.parts[:, 0] >= 0, self.sounds[self.parts[:, 0]], -1).astype(np.int32)


def sounds(vocabulary: list[str]) -> npt.NDArray[np.int32]:
    """A code for how each part of a name begins and which consonants it has: FATMA, FATIMA and PATMA are one."""
    skeletons = []
    for word in vocabulary:
        rest = "".join(c for c in word[1:] if c not in "AEIOUHWY")
        skeletons.append((word[:1] + rest)[:4])
    order = {s: i for i, s in enumerate(sorted(set(skeletons)))}
    return np.array([order[s] for s in skeletons], dtype=np.int32)


def passes(features: Features) -> list[Pass]:
    """The passes, cheap and orthogonal: each finds what the others miss."""
    m = _Maker(features)
    f = features
    code = f.codes
    has_name = m.bag >= 0
    dated, n_dated = m.date > 0, m.number_date > 0
    desa, kecamatan = code["desa"], code["kecamatan"]
    first = m.first_sound()
    return [
        Pass("nik", m.later(m.nik > 0, m.nik)),
        Pass("nik without serial", lambda: m.without(12, 15)),
        Pass("nik without last digit", lambda: m.without(15, 15)),
        Pass("nik without province and regency", lambda: m.without(0, 3, first)),
        Pass("nik without district and day", lambda: m.without(4, 7, first)),
        Pass("nik without month and year", lambda: m.without(8, 11, first)),
        Pass("family and name part", m.parts_later(m.kk > 0, m.kk)),
        Pass("family and birth date", m.later((m.kk > 0) & dated, m.kk, m.date)),
        Pass("birth date and name part", m.parts_later(dated, m.date)),
        Pass("birth date in number and name part", m.parts_later(n_dated, m.number_date)),
        Pass("birth date and desa", m.later(dated & (desa > 0), m.date, desa)),
        Pass("name and desa", m.later(has_name & (desa > 0), m.bag, desa)),
        Pass("name and kecamatan", m.later(has_name & (kecamatan > 0), m.bag, kecamatan)),
        Pass("name and year", m.later(has_name & (f.year > 0), m.bag, f.year)),
        Pass("name", m.later(has_name, m.bag)),
        Pass("card", m.later(code["card"] > 0, code["card"])),
        Pass("account", m.later(code["account"] > 0, code["account"])),
        Pass("insurance number", m.later(code["member"] > 0, code["member"])),
        Pass("phone", m.later(code["phone"] > 0, code["phone"])),
        Pass(
            "address and first name",
            m.later((code["address"] > 0) & (desa > 0) & (first >= 0), code["address"], desa, first),
        ),
        Pass(
            "neighbourhood and first name",
            m.later((f.rt >= 0) & (desa > 0) & (first >= 0), desa, f.rt, f.rw, first),
        ),
    ]


class Candidates:
    """Pairs of all passes, waiting to be compared in a file without a name: eight bytes a pair, positions of rows only.

    A province has more of them than fit into memory beside the rest. They are taken out a stripe of rows at a time,
    each pair once though several passes have found it. Close it when all are out.
    """

    def __init__(self, rows: int) -> None:
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
        self._edges = np.append(np.arange(0, rows, _STRIPE, dtype=np.uint64), np.uint64(rows)) << np.uint64(32)
        self._at: list[npt.NDArray[np.int64]] = []
        self._size = 0
        self._one = Lock()
        self.counts: dict[str, int] = {}

    def add(self, name: str, pairs: Pairs) -> None:
        """The pairs of one pass, sorted; of a long list some of them at a time; from any thread, in any order."""
        at = np.searchsorted(pairs, self._edges)
        with self._one:
            self._at.append(self._size + at)
            self._size += len(pairs)
            self.counts[name] = self.counts.get(name, 0) + len(pairs)
            left = memoryview(pairs.view(np.uint8).data)
            while left:
                left = left[self._file.write(left) :]

    def pieces(self, most: int) -> list[tuple[int, int]]:
        """Stripes, put together as long as they have no more than ``most`` pairs: the first, and the one behind."""
        sizes = np.sum([np.diff(at) for at in self._at], axis=0)
        found, first, held = [], 0, 0
        for stripe, size in enumerate(sizes.tolist()):
            if held and held + size > most:
                found.append((first, stripe))
                first, held = stripe, 0
            held += size
        return [*found, (first, len(sizes))]

    def take(self, piece: tuple[int, int]) -> Pairs:
        """The pairs of some stripes once, sorted; from any thread."""
        first, behind = piece
        slices = [self._read(int(at[first]), int(at[behind])) for at in self._at]
        # each of them is sorted: a stable sort has but to merge them
        return _once(np.sort(np.concatenate(slices), kind="stable"))

    def _read(self, first: int, behind: int) -> Pairs:
        data = bytearray()
        while (done := first * 8 + len(data)) < behind * 8:
            data += os.pread(self._file.fileno(), behind * 8 - done, done)
        return np.frombuffer(data, dtype=np.uint64)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def candidate_pairs(features: Features, settings: Blocking) -> Candidates:
    """All pairs of all passes."""
    splitters = splitters_of(features)
    found = Candidates(len(features))
    for one in passes(features):
        found.add(one.name, pairs_of(*one.make(), splitters, settings))
    return found


def household_pairs(features: Features, homes: npt.NDArray[np.int64], settings: Blocking) -> Pairs:
    """Pairs of rows of one household that share a part of the name, or a date of birth."""
    maker = _Maker(features)
    housed = homes >= 0
    ways = [
        maker.by_part(housed, homes),
        maker.keyed(housed & (maker.date > 0), homes, maker.date),
        maker.keyed(housed & (maker.nik > 0), homes, maker.nik.view(np.int64)),
    ]
    splitters = splitters_of(features)
    return distinct(np.concatenate([pairs_of(*way, splitters, settings) for way in ways]))


def distinct(values: Pairs) -> Pairs:
    """Sorted values without repeats; by sorting, which is several times faster than hashing here."""
    return _once(pl.Series(values).sort().to_numpy())


def _once(ordered: Pairs) -> Pairs:
    """Sorted values without repeats."""
    keep = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=keep[1:])
    got: Pairs = ordered[keep]
    return got


def splitters_of(features: Features) -> list[npt.NDArray[np.generic]]:
    """Further keys by which a block that is too large is split, in this order: name, desa, month of birth, NIK."""
    f = features
    bag = np.where(f.name >= 0, f.names.bag[f.name], -1) if len(f.names.text) else f.name
    return [bag, f.codes["desa"], f.year.astype(np.int64) * 100 + f.month, f.nik.value.view(np.int64)]


def pairs_of(keys: Keys, rows: Rows, splitters: list[npt.NDArray[np.generic]], settings: Blocking) -> Pairs:
    """Pairs of rows with equal keys; oversize blocks are split."""
    made = list(_pairs(keys, rows, splitters, settings))
    if not made:
        return np.zeros(0, dtype=np.uint64)
    return distinct(np.concatenate(made))


def _pairs(keys: Keys, rows: Rows, splitters: list[npt.NDArray[np.generic]], settings: Blocking) -> Iterator[Pairs]:
    order = _in_order(keys, rows)
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.concatenate([starts, [len(keys)]]))
    yield from _of_blocks(rows, starts, sizes, settings.block_rows)
    large = np.repeat(sizes > settings.block_rows, sizes)
    if not large.any():
        return
    if splitters:
        further = splitters[0][rows[large]]
        yield from _pairs(mix(keys[large].view(np.int64), further), rows[large], splitters[1:], settings)
    # along the sorted order of the splitters, also across the split
    sort_by = [s[rows[large]] for s in reversed(splitters)] + [keys[large]]
    along = np.lexsort(sort_by) if splitters else np.arange(int(large.sum()))
    yield from _neighbours(keys[large][along], rows[large][along], settings.window)


def _in_order(keys: Keys, rows: Rows) -> Rows:
    """Positions in the order of keys, then of rows.

    Key and position as one number are sorted several times faster than one by the other; where the rest of a key does
    not fit beside the position and matters, they are sorted as they are.
    """
    bits = np.uint64(len(keys).bit_length())
    if (rows[1:] >= rows[:-1]).all():
        both = keys >> bits << bits | np.arange(len(keys), dtype=np.uint64)
        order: Rows = (pl.Series(both).sort().to_numpy() & ~(~np.uint64(0) << bits)).view(np.int64)
        ordered = keys[order]
        if (ordered[1:] >= ordered[:-1]).all():
            return order
    return np.lexsort((rows, keys))


def _of_blocks(rows: Rows, starts: Rows, sizes: Rows, most: int) -> Iterator[Pairs]:
    """All pairs of blocks that are not too large, those of one size at a time; in a block rows stand in order."""
    rows = rows.astype(np.uint64)
    repeated = bool((rows[1:] == rows[:-1]).any())  # a row may have one key twice
    for size in np.flatnonzero(np.bincount(sizes[sizes <= most])[2:]) + 2:
        block = rows[starts[sizes == size] + np.arange(size)[:, None]]
        first = block << np.uint64(32)
        for distance in range(1, size):
            pairs = (first[:-distance] | block[distance:]).ravel()
            yield pairs[pairs >> np.uint64(32) != pairs & np.uint64(0xFFFFFFFF)] if repeated else pairs


def _neighbours(keys: Keys, rows: Rows, reach: int) -> Iterator[Pairs]:
    at = np.arange(len(keys))
    for distance in range(1, reach + 1):
        at = at[at + distance < len(keys)]
        at = at[keys[at] == keys[at + distance]]
        if not len(at):
            return
        a, b = rows[at], rows[at + distance]
        low, high = np.minimum(a, b), np.maximum(a, b)
        keep = low != high
        yield (low[keep].astype(np.uint64) << np.uint64(32)) | high[keep].astype(np.uint64)


def unpack(pairs: Pairs) -> tuple[Rows, Rows]:
    """The two rows of each pair."""
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
