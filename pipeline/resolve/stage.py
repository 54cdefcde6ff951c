"""The stage: from ``mentions`` to ids, persons, households, pairs and events.

Belongs here: reading and writing of stage files, and the order of steps. Not here: how anything is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.history import PublishedRun
from pipeline.period import Period
from pipeline.resolve import golden, record, stable
from pipeline.resolve.ancestry import Ancestry
from pipeline.resolve.cluster import confidence
from pipeline.resolve.digits import DIGITS, digit
from pipeline.resolve.engine import Resolved, odds, resolve_rows
from pipeline.resolve.features import IDENTITY_COLUMNS, Features, Numbers, build_features
from pipeline.resolve.inheritance import inherit
from pipeline.resolve.judgements import Judged, read_judgements
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import IdentitySettings, read_settings
from pipeline.store import Store
from pipeline.tables import HOUSEHOLDS, IDENTITY_EVENTS, MATCH_PAIRS, MENTION_IDS, MENTIONS, PERSONS

Say = Callable[[str], None]


def resolve(
    store: Store,
    period: Period,
    rules: Path,
    *,
    previous: PublishedRun | None,
    judgements: pl.DataFrame | None,
    say: Say,
) -> None:
    """Find persons and households in the mentions of a period.

    Reads ``mentions``; writes ``mention_ids``, ``persons``, ``households``, ``match_pairs``, ``identity_events``.

    Args:
        store: stage files.
        period: month; ids are inherited from the run before it.
        rules: folder with ``identity.yaml`` and ``reference/spelling.yaml``.
        previous: run whose ids are inherited.
        judgements: columns fingerprint_a, fingerprint_b, level, judgement (same, different, unsure), valid_until.
        say: progress, for standard error.

    Raises:
        RulesError: a mistake in the rules.
    """
    settings, spelling = read_settings(rules, period.last_day), read_spelling(rules)
    features = build_features(store.read(MENTIONS, list(IDENTITY_COLUMNS)), spelling)
    where = store.read(MENTIONS, ["mention_id", "source_file", "sheet", "row_number", "fingerprint"]).sort("mention_id")
    judged, families = (read_judgements(judgements, where["fingerprint"], period, of) for of in ("person", "household"))
    rows = where.select("source_file", "sheet", "row_number")
    resolved = resolve_rows(features, rows, settings, judged, families)
    say(f"{len(features)} rows, {len(np.unique(resolved.persons))} persons")
    wrong, links = resolved.false_links
    share = 1 / (1 + 2**-resolved.cut)
    say(f"joined from a probability of {share:.2f}; of {links:,.0f} links {wrong:,.1f} are expected to be false")
    ids, events = _ids(store, resolved, previous)
    store.write(MENTION_IDS, ids)
    store.write(IDENTITY_EVENTS, events)
    store.write(MATCH_PAIRS, _pairs(features, resolved, judged, settings))
    sure = confidence(resolved.persons, resolved.pairs)
    certainty = pl.DataFrame({"person_id": ids["person_id"], "confidence": sure[resolved.persons]}).unique("person_id")
    mentions = _Mentions(
        store,
        person_id=ids["person_id"],
        household_id=ids["household_id"],
        own_nik=_text(features.nik, features.nik_valid),
        own_kk=_text(features.kk, features.kk.full()),
    )
    del features, resolved  # the records need room of their own
    _write_records(store, mentions, certainty, period)


class _Mentions:
    """The mentions in the order of their ids, read anew for each column asked for; with columns of this run."""

    def __init__(self, store: Store, **further: pl.Series) -> None:
        self._store, self._further = store, further
        self._order = store.read(MENTIONS, ["mention_id"]).to_series().arg_sort()

    def select(self, *columns: str) -> pl.DataFrame:
        """Some columns."""
        read = {
            c: self._store.read(MENTIONS, [c]).to_series().gather(self._order)
            for c in columns
            if c not in self._further
        }
        return pl.DataFrame({c: read[c] if c in read else self._further[c] for c in columns})


def _text(numbers: Numbers, known: npt.NDArray[np.bool_]) -> pl.Series:
    """Numbers as text, null where they are not known."""
    digits = np.empty((len(known), DIGITS), dtype=np.uint8)
    for k in range(DIGITS):
        digits[:, k] = digit(numbers.packed, k) + ord("0")
    ends = np.arange(0, digits.size + 1, DIGITS, dtype=np.int64)
    text = pa.LargeStringArray.from_buffers(len(known), pa.py_buffer(ends), pa.py_buffer(digits))
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(text))).to_series()


def _ids(store: Store, resolved: Resolved, previous: PublishedRun | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    columns = [c for c in stable.PREVIOUS_COLUMNS if c not in ("person_id", "household_id")]
    rows = store.read(MENTIONS, ["mention_id", *columns]).sort("mention_id")
    before = None if previous is None else previous.table("mentions", list(stable.PREVIOUS_COLUMNS))
    past = Ancestry(previous)

    def of_groups(level: str, groups: pl.Series, earlier: pl.DataFrame) -> pl.DataFrame:
        some = rows.filter(pl.col("group").is_in(groups.implode()))
        return (stable.person_votes if level == "person" else stable.household_votes)(some, earlier)

    group = pl.Series("group", resolved.persons)
    fresh = stable.minted(group, rows["mention_id"], "P")
    votes = None if before is None else stable.person_votes(rows.with_columns(group), before)
    rows = rows.with_columns(group)
    ids, events = inherit(fresh, votes, "person", past, partial(of_groups, "person"))
    rows = rows.join(ids.rename({"id": "person_id"}), on="group", how="left", maintain_order="left")
    home = pl.Series("group", resolved.households)
    rows = rows.with_columns(pl.select(pl.when(home >= 0).then(home)).to_series().alias("group"))
    settled = rows.filter(pl.col("group").is_not_null())
    fresh = stable.minted(settled["group"], settled["mention_id"], "H")
    votes = None if before is None else stable.household_votes(settled, before)
    homes, more = inherit(fresh, votes, "household", past, partial(of_groups, "household"))
    rows = rows.join(homes.rename({"id": "household_id"}), on="group", how="left", maintain_order="left")
    return rows.select("mention_id", "person_id", "household_id"), pl.concat([events, more])


def _write_records(store: Store, rows: _Mentions, certainty: pl.DataFrame, period: Period) -> None:
    people = golden.persons(rows, certainty, period.last_day)
    store.write(PERSONS, people)
    store.write(HOUSEHOLDS, golden.households(rows, people.drop("origin", "name")))


def _pairs(features: Features, resolved: Resolved, judged: Judged, settings: IdentitySettings) -> pl.DataFrame:
    cut = settings.cut
    written = record.decided(resolved.pairs, resolved.persons, judged, possible=odds(cut.possible), match=resolved.cut)
    persons = record.pair_rows(written, features.mention_id, resolved.comparer, resolved.model)
    ties = resolved.ties
    families = ties.select(
        pl.Series("mention_id_a", features.mention_id.gather(ties["a"])),
        pl.Series("mention_id_b", features.mention_id.gather(ties["b"])),
        pl.lit("household").alias("level"), "probability", "decision", "comparison",
    )  # fmt: skip
    return pl.concat([persons, families])
