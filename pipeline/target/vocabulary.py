"""The facts that conditions may ask for: name, type, meaning and where each comes from.

Belongs here: the declaration, for the language, the checks and the documentation. Not here: how a fact is derived
(:mod:`pipeline.target.facts`). Counts of members are declared beside the programs that use them (``counts:``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.target.language import Fact, Kind

SCHOOL_LEVELS: Final = ("none", "sd", "smp", "sma", "higher")
DISABILITIES: Final = ("none", "mild", "severe")
"""From the least to the most."""
EMPLOYMENT_TYPES: Final = (
    "civil_servant",
    "soldier_police",
    "state_enterprise",
    "pensioner",
    "village_official",
    "private_employee",
)


@dataclass(frozen=True)
class Meaning:
    """What a fact says of a household or person, and which lists say it."""

    name: str
    level: str
    kind: Kind
    meaning: str
    origin: str
    values: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    """Least and greatest of a whole number."""


def _household(name: str, kind: Kind, meaning: str, origin: str, span: tuple[int, int] | None = None) -> Meaning:
    return Meaning(name, "household", kind, meaning, origin, span=span)


def _person(name: str, kind: Kind, meaning: str, origin: str, span: tuple[int, int] | None = None) -> Meaning:
    return Meaning(name, "person", kind, meaning, origin, span=span)


def _choice(name: str, values: tuple[str, ...], origin: str) -> Meaning:
    return Meaning(name, "person", Kind.TEXT, ", ".join(values), origin, values)


def _employment(code: str, meaning: str) -> Meaning:
    return _person(f"is_{code}", Kind.FLAG, meaning, "employment list; false when on no list")


MEANINGS: Final = (
    _household("desil", Kind.NUMBER, "welfare rank, 1 the poorest", "highest of the registry rows", (1, 10)),
    _household("in_registry", Kind.FLAG, "some member is in the registry", "registry"),
    _household("n_present", Kind.NUMBER, "members alive and not moved out", "registry, deaths", (0, 999)),
    _person(
        "age", Kind.NUMBER, "completed years on the month's last day", "date of birth, or that in a valid NIK", (0, 150)
    ),
    _choice("sex", ("L", "P"), "registry and other lists"),
    _person("pregnant", Kind.FLAG, "or post-partum; unreported: no for men and outside the fertile ages", "registry"),
    _choice("school_level", SCHOOL_LEVELS, "registry"),
    _choice("disability", DISABILITIES, "registry"),
    _person("odgj", Kind.FLAG, "mental disorder", "registry"),
    _person("is_head", Kind.FLAG, "head of the household", "registry"),
    _person("present", Kind.FLAG, "alive and not moved out", "registry, deaths"),
    _person("is_companion", Kind.FLAG, "pendamping or agent", "companions list; false when on no list"),
    _employment("civil_servant", "PNS, PPPK, ASN"),
    _employment("soldier_police", "TNI, Polri"),
    _employment("state_enterprise", "BUMN, BUMD"),
    _employment("pensioner", "draws a state pension"),
    _employment("village_official", "head, secretary or other official of a village"),
    _employment("private_employee", "employee of a private firm"),
    _person("employment_income", Kind.NUMBER, "rupiah a month from private employment", "employment list", (0, 10**12)),
)


def _facts(level: str) -> dict[str, Fact]:
    return {m.name: Fact(m.name, m.kind, values=m.values, span=m.span) for m in MEANINGS if m.level == level}


HOUSEHOLD_FACTS: Final = _facts("household")
PERSON_FACTS: Final = _facts("person")
