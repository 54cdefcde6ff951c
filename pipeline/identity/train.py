"""``tepat identity train``: the weights of the model learned again from a month.

Belongs here: the order of steps, old against new, the new version of the rules. Not here: how anything is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import yaml

from pipeline.errors import InputError, Problem, Refused
from pipeline.history import published_run
from pipeline.identity.holding_out import HeldOut, on_judged, on_lessons
from pipeline.identity.known import judged_in_database, judged_in_file
from pipeline.identity.lessons import draw, with_judged
from pipeline.identity.population import population
from pipeline.identity.weights import CLASSES, learn
from pipeline.period import Period
from pipeline.resolve.compare import COLUMNS
from pipeline.resolve.features import IDENTITY_COLUMNS, build_features
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import IdentitySettings, read_settings
from pipeline.rulebook import read_yaml
from pipeline.whole import write_whole

_MOST: Final = 1000.0
"""For how many pairs one judged pair may count: one slip of a judge must not teach more than the rows do."""
_HEAD: Final = """# A version of the matching model, by `tepat identity train`; identity.yaml tells its words.
# In force from the first month that ends on or after `since`, for the months before it the version before it.
"""


@dataclass(frozen=True)
class Training:
    """What was learned: the version in force, the new one, and both on pairs held out (judged ones last)."""

    period: str
    rows: int
    judged: int
    old: IdentitySettings
    new: IdentitySettings
    held_out: list[HeldOut]

    @property
    def worse(self) -> list[HeldOut]:
        """Where the new weights are worse: on judged pairs where there are enough, else on any of the others."""
        judged = [h for h in self.held_out if h.measure.startswith("log loss of judged")]
        return [h for h in judged or self.held_out if h.worse]

    def moves(self) -> list[dict[str, Any]]:
        """Each weight that can be learned: column, level, share (of which class, or bits of names), old, new, and how
        far it has moved in bits."""
        rows = []
        for column in COLUMNS[1:]:
            old, new = getattr(self.old, column), getattr(self.new, column)
            for level in (n for n in type(old).model_fields if n != "note"):
                for of in CLASSES:
                    a, b = getattr(getattr(old, level), of), getattr(getattr(new, level), of)
                    if isinstance(a, float) and isinstance(b, float):
                        rows.append(_move(column, level, of, a, b, float(np.log2(b / a))))
        for weight in (n for n in type(self.old.name).model_fields if n != "note"):
            a, b = getattr(self.old.name, weight), getattr(self.new.name, weight)
            share = weight in ("typo_m", "typo_u")
            rows.append(
                _move("name", weight, "share" if share else "bits", a, b, float(np.log2(b / a)) if share else b - a)
            )
        return rows

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "period": self.period, "rows": self.rows, "judged": self.judged, "in_force_since": str(self.old.since),
            "since": str(self.new.since), "trained_on": self.new.trained_on, "weights": self.moves(),
            "held_out": [{**vars(h), "worse": h.worse} for h in self.held_out], "worse": bool(self.worse),
        }  # fmt: skip

    def write(self, path: Path, *, force: bool) -> Path:
        """Write the new version; never over another file.

        Raises:
            InputError: see :func:`new_version`.
            Refused: the new weights are worse on pairs held out, and ``force`` is not given.
        """
        new_version(path)
        if self.worse and not force:
            raise Refused(*(
                Problem(str(path), f"worse on {h.pairs:,} pairs held out: {h.measure} {h.new:.4f}, before {h.old:.4f}",
                        todo="nothing was written; judge more pairs, or give --force")
                for h in self.worse
            ))  # fmt: skip
        document = self.new.model_dump(mode="json", exclude_defaults=True)
        text = yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=118, allow_unicode=True)
        written = write_whole(path, _HEAD + text)
        read_yaml(path, IdentitySettings)
        return written


def new_version(path: Path) -> None:
    """Refuse a name under which no new version can be written.

    Raises:
        InputError: the file exists, its folder does not, or it is no YAML file's name.
    """
    if path.suffix != ".yaml" or path.is_dir():
        raise InputError(Problem(str(path), "no name for a rules file", "identity-….yaml in the rules folder"))
    if path.exists():
        raise InputError(Problem(str(path), "this file exists; a version is never overwritten", todo="another name"))
    if not path.parent.is_dir():
        raise InputError(Problem(str(path.parent), "there is no such folder", todo="make it, or name another"))


def _move(column: str, level: str, of: str, old: float, new: float, bits: float) -> dict[str, Any]:
    return {"column": column, "level": level, "of": of, "old": old, "new": new, "moved": round(bits, 3)}


def train(out: Path, period: Period, rules: Path, judged: Path | None = None, seed: int = 1) -> Training:
    """Learn the weights again from a published month.

    Args:
        out: folder with the database.
        period: the month.
        rules: folder with the version in force.
        judged: a file of judged pairs; the judgements in the database where it is None.
        seed: of pairs drawn at random, and of the folds.

    Raises:
        InputError: the month is not published, or a file cannot be used.
        RulesError: a mistake in the rules.
    """
    run = published_run(out, period)
    old = read_settings(rules, period.last_day)
    people = population(run)
    known = judged_in_database(people) if judged is None else judged_in_file(people, judged)
    features = build_features(run.table("mentions", list(IDENTITY_COLUMNS)), read_spelling(rules))
    alone = draw(features, old, seed)
    held = [*on_lessons(alone, old), on_judged(alone, people, known.pairs, old, _MOST, seed)]
    lessons = with_judged(alone, people, known.pairs, _MOST)
    since = period.last_day + timedelta(days=1)
    said = f"{known.pairs.filter(pl.col('stratum') >= 0).height:,} judged pairs"
    sure = int((alone.same.weight.max(axis=1, initial=0) > 0).sum())
    new = learn(lessons, old).model_copy(
        update={
            "since": since,
            "trained_on": f"{period}: {len(features):,} rows, {sure:,} pairs sure by themselves, {said}",
        }
    )
    return Training(str(period), len(features), known.pairs.height, old, new, [h for h in held if h is not None])
