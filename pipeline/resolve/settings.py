"""``rules/identity.yaml``: the matching model as an analyst may change it, and its versions ``rules/identity-*.yaml``.

A version is a whole file; the one in force is that with the latest ``since`` up to the last day of the month, and the
oldest for all months before it. ``tepat identity train`` writes versions.

Belongs here: the shape of those files, and which is in force. Not here: what the numbers do (:mod:`.model`,
:mod:`.names`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline.errors import Problem, RulesError
from pipeline.rulebook import Card, line_in, read_yaml


class Level(Card):
    """Shares of pairs that show a level: rows of one person, two relatives, two strangers.

    ``visible``: the shares are among pairs of which only so much can be seen, so they are not learned beside others.
    """

    m: float = Field(gt=0, lt=1)
    relative: float = Field(gt=0, le=1)
    stranger: float | Literal["frequency"]
    visible: bool = False
    relative_same_day: float | None = None
    stranger_same_day: float | None = None


class Cut(Card):
    """Probabilities that separate match, possible match and no match.

    ``false_links`` is a share of links, not a probability of one: the cut of a run is the lowest, between ``least``
    and ``most``, at which no more of its links are expected to be false. ``match`` counts for a list that is laid
    beside a month; ``unlisted`` is the share of relatives of a month's persons who are on none of its lists.
    """

    least: float = Field(gt=0, lt=1)
    most: float = Field(gt=0, lt=1)
    false_links: float = Field(gt=0, lt=1)
    match: float = Field(gt=0, lt=1)
    unlisted: float = Field(default=1.0, gt=0, le=1)
    possible: float = Field(gt=0, lt=1)
    within_household: float = Field(gt=0, lt=1)


class NumberLevels(Card):
    """Levels of the comparison of two NIK."""

    note: str = ""
    exact: Level
    lossy: Level
    slip_region: Level
    slip_date: Level
    slip_serial: Level
    other_sex: Level
    length: Level
    last_digit: Level
    serial: Level
    two_slips: Level
    differs: Level
    partial: Level
    borrowed: Level


class DateLevels(Card):
    """Levels of the comparison of two dates of birth."""

    note: str = ""
    exact: Level
    swapped: Level
    one_part: Level
    by_number: Level
    year_only: Level
    differs: Level


class PlaceLevels(Card):
    """Smallest area in common."""

    note: str = ""
    house: Level
    desa: Level
    kecamatan: Level
    differs: Level


class SlipLevels(Card):
    """Levels of a number that may be mistyped."""

    note: str = ""
    same: Level
    slip: Level
    differs: Level


class SameLevels(Card):
    """Levels of a plain value."""

    note: str = ""
    same: Level
    differs: Level


class SourceLevels(Card):
    """Whether both rows stand on one list."""

    note: str = ""
    one_list: Level
    two_lists: Level


class NameWeights(Card):
    """Bits by which parts of names count; see :mod:`pipeline.resolve.names`."""

    note: str = ""
    exact: float
    spelling: float
    reordered: float
    typo: float
    typo_m: float = Field(gt=0, lt=1)
    typo_u: float = Field(gt=0, lt=1)
    initial: float
    part_missing: float
    part_differs: float
    first_differs: float
    part_cap: float
    relative_exact: float
    relative_typo: float
    relative_part_cap: float
    relative_later_cap: float
    relative_alike_cap: float
    twin_spelling: float
    twin_typo: float
    different: float


class Blocking(Card):
    """Sizes of blocks, in rows."""

    note: str = ""
    block_rows: int = Field(ge=2)
    window: int = Field(ge=1)


class Learning(Card):
    """How much the shares of the file count against pairs of the run."""

    prior_pairs: float = Field(gt=0)
    rounds: int = Field(ge=0)


class HouseholdSettings(Card):
    """When two family numbers are one household."""

    note: str = ""
    shared_members: float = Field(gt=0, le=1)


class IdentitySettings(Card):
    """The whole file."""

    since: date
    note: str
    trained_on: str = ""
    cut: Cut
    number: NumberLevels
    birth_date: DateLevels
    sex: SameLevels
    family_number: SlipLevels
    place: PlaceLevels
    account: SlipLevels
    member_number: SameLevels
    phone: SameLevels
    birth_place: SameLevels
    source: SourceLevels
    name: NameWeights
    blocking: Blocking
    learning: Learning
    household: HouseholdSettings


def read_settings(rules: Path, on: date | None = None) -> IdentitySettings:
    """The model in force on a day; the newest where none is given.

    Raises:
        RulesError: the line of a mistake in any version, or two versions of one day.
    """
    versions: dict[date, tuple[Path, IdentitySettings]] = {}
    for path in [rules / "identity.yaml", *sorted(rules.glob("identity-*.yaml"))]:
        settings = read_yaml(path, IdentitySettings)
        if settings.since in versions:
            line, other = line_in(path, "since"), versions[settings.since][0].name
            raise RulesError(
                Problem(f"{path}:{line}", f"since {settings.since}, as in {other}", todo="give one of them another day")
            )
        versions[settings.since] = path, settings
    in_force = [day for day in versions if on is None or day <= on]
    return versions[max(in_force) if in_force else min(versions)][1]
