"""Laws that hold whatever the rows say."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from pipeline.period import Period
from pipeline.resolve import resolve
from pipeline.resolve.ancestry import EVENTS
from pipeline.resolve.digits import ALL_KNOWN, differing, pack, slips, swapped
from pipeline.resolve.judgements import read_judgements
from pipeline.resolve.words import LONG, Words
from pipeline.store import Store
from pipeline.tables import HOUSEHOLDS, IDENTITY_EVENTS, MATCH_PAIRS, MENTION_IDS, MENTIONS, PERSONS
from tests.resolve.village import RULES, background, frame, identify, nik, row

PERIOD = Period(2026, 9)


class Published:
    """What a stage needs of an earlier run."""

    def __init__(self, mentions: pl.DataFrame) -> None:
        self.mentions = mentions

    def table(self, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        assert name == "mentions"
        return self.mentions.select(columns or self.mentions.columns)

    run_id = "earlier"

    def sql(self, _: str, **__: object) -> pl.DataFrame:
        """Nothing happened to ids before."""
        return pl.DataFrame(schema=dict.fromkeys((*EVENTS, "id"), pl.String()))


def run(
    folder: Path, mentions: pl.DataFrame, previous: Published | None = None, judged: pl.DataFrame | None = None
) -> Store:
    store = Store(folder)
    store.write(MENTIONS, mentions)
    resolve(store, PERIOD, RULES, previous=previous, judgements=judged, say=lambda _: None)  # type: ignore[arg-type]
    return store


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return run(tmp_path_factory.mktemp("village"), frame([]))


def published(store: Store) -> Published:
    return Published(store.read(MENTIONS).join(store.read(MENTION_IDS), on="mention_id"))


def test_order_of_rows_does_not_matter(tmp_path: Path, village: Store) -> None:
    shuffled = frame([]).sample(fraction=1.0, shuffle=True, seed=11)
    again = run(tmp_path, shuffled)
    for table in (MENTION_IDS, PERSONS, HOUSEHOLDS, MATCH_PAIRS):
        assert again.read(table).equals(village.read(table)), table.name


def test_every_mention_has_one_person_and_every_id_its_record(village: Store) -> None:
    ids, people, homes = (village.read(t) for t in (MENTION_IDS, PERSONS, HOUSEHOLDS))
    assert ids["person_id"].null_count() == 0
    assert set(ids["person_id"]) == set(people["person_id"])
    assert set(ids["household_id"].drop_nulls()) == set(homes["household_id"])
    assert people["n_mentions"].sum() == ids.height
    assert homes["n_members"].sum() == people["household_id"].is_not_null().sum()


def test_ids_stay_when_nothing_changed(tmp_path: Path, village: Store) -> None:
    again = run(tmp_path, village.read(MENTIONS), published(village))
    assert again.read(MENTION_IDS).equals(village.read(MENTION_IDS))
    assert again.read(IDENTITY_EVENTS).is_empty()


def test_ids_survive_a_corrected_number_and_a_renewed_family_number(tmp_path: Path, village: Store) -> None:
    before = village.read(MENTIONS)
    kk = before.filter(pl.col("kind") == "registry")["no_kk"][0]
    renewed = pl.col("no_kk").replace(kk, "7505100110260009")
    changed = pl.when(pl.col("no_kk") == kk).then(pl.lit("x")).otherwise(pl.lit(""))
    after = before.with_columns(
        renewed.alias("no_kk"), renewed.alias("no_kk_digits"),
        pl.col("mention_id").str.reverse().alias("mention_id"),
        (pl.col("fingerprint") + changed).alias("fingerprint"),
    )  # fmt: skip
    again = run(tmp_path, after, published(village))
    old = before.join(village.read(MENTION_IDS), on="mention_id").select(
        "source_file", "row_number", "person_id", "household_id"
    )
    new = after.join(again.read(MENTION_IDS), on="mention_id").select(
        "source_file", "row_number", "person_id", "household_id"
    )
    assert old.sort("source_file", "row_number").equals(new.sort("source_file", "row_number"))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(background()) - 1))
def test_a_row_written_twice_belongs_to_the_same_person(at: int) -> None:
    chosen = dict(background()[at])
    copy = {**chosen, "source_file": "copy.csv", "mention_id": f"c{at:015d}", "row_number": 5, "kind": "recipients"}
    labels, _ = identify(pl.concat([frame([]), MENTIONS.conform(pl.DataFrame([copy], infer_schema_length=None))]))
    pair = labels.filter(pl.col("mention_id").is_in([copy["mention_id"], chosen["mention_id"]]))
    assert pair["person"].n_unique() == 1


@pytest.mark.parametrize("judgement", ["same", "different"])
def test_judgements_are_obeyed(judgement: str) -> None:
    born = date(1985, 3, 7)
    one = row(
        "registry.csv",
        1,
        name="FATMAH PAKAYA",
        birth_date=born,
        sex="P",
        nik=nik(born, "P", 4),
        no_kk="7505101804150003",
    )
    # judged different although all agrees, judged same although nothing does
    other = (
        row(
            "pkh.csv",
            2,
            name="FATMAH PAKAYA",
            birth_date=born,
            sex="P",
            nik=nik(born, "P", 4),
            no_kk="7505101804150003",
            rt=1,
            rw=1,
            desa_code="7505102001x",
        )
        if judgement == "different"
        else row(
            "pkh.csv", 2, name="MARTEN UNO", birth_date=date(1950, 1, 1), sex="L", nik=nik(date(1950, 1, 1), "L", 1)
        )
    )
    mentions = frame([one, other]).sort("mention_id")
    a, b = sorted((one["fingerprint"], other["fingerprint"]))
    judged = pl.DataFrame(
        {"fingerprint_a": [a], "fingerprint_b": [b], "judgement": [judgement], "valid_until": [None], "level": [None]}
    )
    labels, _ = identify(mentions, read_judgements(judged, mentions["fingerprint"], PERIOD))
    hand = labels.filter(pl.col("row_number") < 1000)
    assert hand["person"].n_unique() == (1 if judgement == "same" else 2)


def test_expired_judgements_decide_nothing() -> None:
    judged = pl.DataFrame(
        {
            "fingerprint_a": ["a"],
            "fingerprint_b": ["b"],
            "judgement": ["same"],
            "valid_until": [date(2026, 8, 31)],
            "level": ["person"],
        }
    )
    assert not len(read_judgements(judged, pl.Series(["a", "b"]), PERIOD).same_a)


def test_nobody_at_all(tmp_path: Path) -> None:
    store = run(tmp_path, MENTIONS.empty())
    assert store.read(PERSONS).is_empty()
    assert store.read(HOUSEHOLDS).is_empty()


@pytest.mark.parametrize("rows", [1, 2, 400])
def test_a_list_of_nothing_but_one_row_repeated_is_one_person(rows: int) -> None:
    born = date(1985, 3, 7)
    said = [
        row("pkh.csv", i, name="FATMAH PAKAYA", birth_date=born, sex="P", nik=nik(born, "P", 4)) for i in range(rows)
    ]
    labels, _ = identify(frame(said, among=False))
    assert labels["person"].n_unique() == 1


@settings(deadline=None)
@given(st.text("0123456789", min_size=16, max_size=16), st.integers(0, 15), st.integers(0, 9))
def test_digits_differ_where_they_differ(number: str, at: int, digit: int) -> None:
    other = number[:at] + str(digit) + number[at + 1 :]
    packed, known = pack(pl.Series([number, other]))
    assert (known == ALL_KNOWN).all()
    assert differing(packed[:1], packed[1:], known[:1])[0] == sum(x != y for x, y in zip(number, other, strict=True))


@settings(deadline=None)
@given(st.text("0123456789", min_size=16, max_size=16), st.integers(0, 14))
def test_neighbours_exchanged_are_seen(number: str, at: int) -> None:
    other = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    packed, _ = pack(pl.Series([number, other]))
    assert swapped(packed[:1], packed[1:])[0] == (number != other)


@settings(deadline=None, max_examples=300)
@given(
    st.text("0129", min_size=16, max_size=16), st.lists(st.tuples(st.integers(0, 15), st.integers(-1, 9)), max_size=5)
)
def test_slips_are_the_distance_that_strings_have(number: str, edits: list[tuple[int, int]]) -> None:
    """Neighbours exchanged, a digit moved from one place to another, others put for it: in any number of strokes."""
    other = number
    for at, digit in edits:
        if digit < 0:
            other = other[:at] + other[at : at + 2][::-1] + other[at + 2 :]
        elif digit % 2:
            other = other[:at] + str(digit) + other[at + 1 :]
        else:
            other = other[: at // 2] + str(digit) + other[at // 2 : at] + other[at + 1 :]
    a, b = pack(pl.Series([number, other]))[0].reshape(2, 1)
    apart = sum(x != y for x, y in zip(number, other, strict=True))
    assert slips(a, b)[0] == slips(b, a)[0] == (min(OSA.distance(number, other), 3) if apart <= 4 else 3)


WORD = st.text("ABENR", min_size=1, max_size=9)


@given(st.lists(st.tuples(WORD, st.integers(0, 9), st.text("ABENR", max_size=2)), min_size=1, max_size=8))
def test_words_are_alike_where_keystrokes_say_so(edits: list[tuple[str, int, str]]) -> None:
    """Whatever is left out of the close look by sizes and letters would not have been alike."""
    pairs = [(word, word[:at] + put + word[at + 1 :]) for word, at, put in edits]
    vocabulary = sorted({word for pair in pairs for word in pair if word})
    code = {word: i for i, word in enumerate([*vocabulary, ""])}
    left, right = (np.array([code[word] for word in side], dtype=np.int32) for side in zip(*pairs, strict=True))
    for (one, other), kind in zip(pairs, Words(vocabulary).alike(left, right), strict=True):
        small, far = min(len(one), len(other)), OSA.distance(one, other)
        bare = [w[:1] + "".join(c for c in w[1:] if c not in "AEIOU") for w in (one, other)]
        begins = one[:1] == other[:1] and small != 2 and (one.startswith(other) or other.startswith(one))
        if small and (begins or (small >= 2 and (bare[0] == other or bare[1] == one))):
            assert kind == 1
        else:
            apart = abs(len(one) - len(other))
            assert (kind == 2) == (small >= 3 and apart <= 1 and (far <= 1 or (far <= 2 and small >= LONG)))


def test_threads_do_not_matter() -> None:
    dice = random.Random(5)  # noqa: S311 - not for secrets
    mentions = frame([])
    order = list(range(mentions.height))
    dice.shuffle(order)
    one, _ = identify(mentions)
    two, _ = identify(mentions[order])
    assert np.array_equal(one["person"].to_numpy(), two["person"].to_numpy())
