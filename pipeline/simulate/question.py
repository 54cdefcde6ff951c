"""The question: parameters to change, and one to run through a range of values.

Belongs here: ``program.parameter=value`` and ``program.parameter=1..6`` as a user writes them. Not here: what
parameters mean (``rules/programs``, ``rules/bars.yaml``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.errors import InputError, Problem
from pipeline.parameters import Scalar, values_on
from pipeline.target.language import Kind, kind_of
from pipeline.target.programs import Written

MOST_VALUES = 50
"""Values of a range: each is a whole evaluation."""
LARGEST = 10**12
"""Of a value: a month of a million units at so many rupiah can still be added up."""
_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")


@dataclass(frozen=True)
class Range:
    """One parameter and the values that it is to take."""

    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Question:
    """Parameters by ``program.parameter`` (``bars.parameter`` for those of ``bars.yaml``) and their values."""

    before: Mapping[str, Scalar | None]
    """As the rules have them on the day."""
    changes: Mapping[str, Scalar]
    range: Range | None = None

    @classmethod
    def read(cls, sets: Sequence[str], spread: str | None, written: Written, on: date) -> Question:
        """Read what the user wrote.

        Args:
            sets: ``pkh.desil_max=3`` and the like.
            spread: ``pkh.desil_max=1..6``, with another step than 1 ``sembako.monthly=100000..400000/50000``.
            written: the rules.
            on: the day whose values are replaced.

        Raises:
            InputError: nothing to change, an unknown parameter (with the nearest name), one given twice, a value of the
                wrong kind, a range that is none or too long.
        """
        known = _known(written, on)
        changes: dict[str, Scalar] = {}
        for text in sets:
            name, value = _split("--set", text, known)
            if name in changes:
                raise InputError(Problem("--set", f"`{name}` is given twice", "one value for each parameter"))
            changes[name] = _value("--set", name, value, known[name])
        chosen = None
        if spread is not None:
            name, value = _split("--range", spread, known)
            chosen = Range(name, _values(name, value, known[name]))
        if not changes and chosen is None:
            raise InputError(Problem("simulate", "nothing is changed", "--set program.parameter=value, or --range"))
        asked = [*changes, *([chosen.name] if chosen else [])]
        return cls({name: known[name] for name in asked}, changes, chosen)

    @property
    def programs(self) -> frozenset[str] | None:
        """Programs that can come out otherwise; None: any, because bars apply to several."""
        names = {name.partition(".")[0] for name in self.before}
        return None if "bars" in names else frozenset(names)


def _known(written: Written, on: date) -> dict[str, Scalar | None]:
    """Every parameter there is, with its value on the day."""
    places = {code: card.parameters for code, (_, card) in written.programs.items()}
    places["bars"] = written.bars.parameters
    known: dict[str, Scalar | None] = {}
    for code, parameters in places.items():
        values = values_on(parameters, on)
        known |= {f"{code}.{name}": values.get(name) for name in parameters}
    return known


def _split(option: str, text: str, known: Mapping[str, Scalar | None]) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not value:
        raise InputError(Problem(option, f"{text!r} says no value", "program.parameter=value"))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        of_program = [k for k in known if k.partition(".")[0] == name.partition(".")[0]] or list(known)
        todo = f"did you mean `{near[0]}`?" if near else ""
        raise InputError(Problem(option, f"there is no parameter `{name}`", ", ".join(of_program), todo))
    return name, value


def _value(option: str, name: str, text: str, now: Scalar | None) -> Scalar:
    """The text as a value of the kind that the parameter has now."""
    kind = Kind.NUMBER if now is None else kind_of(now)
    try:
        match kind:
            case Kind.NUMBER:
                if _GROUPED.fullmatch(text):
                    raise ValueError("write the number without separators")
                number = int(text) if re.fullmatch(r"-?\d+", text) else float(text)
                if not abs(number) <= LARGEST:  # nan neither
                    raise ValueError("out of bounds")
                return number
            case Kind.FLAG:
                return {"true": True, "false": False}[text.lower()]
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.TEXT:
                return text
    except (ValueError, KeyError) as error:
        expected = {
            Kind.NUMBER: "a number such as 250000, not above 10^12",
            Kind.FLAG: "true or false",
            Kind.DATE: "YYYY-MM-DD",
        }
        raise InputError(Problem(option, f"{name}: {text!r}", expected[kind])) from error


def _values(name: str, text: str, now: Scalar | None) -> tuple[Scalar, ...]:
    match = re.fullmatch(r"(-?\d{1,12})\.\.(-?\d{1,12})(?:/(\d{1,12}))?", text)
    if match is None or (now is not None and kind_of(now) is not Kind.NUMBER):
        raise InputError(Problem("--range", f"{name}: {text!r}", "whole numbers such as 1..6 or 100000..400000/50000"))
    low, high, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if high < low:
        found = f"{name}: {text!r} ends below where it begins"
        raise InputError(Problem("--range", found, "the lower value first", f"write {name}={high}..{low}"))
    if step == 0 or (high - low) // step >= MOST_VALUES:
        wanted = f"a step of 1 or more, and {MOST_VALUES} values at most"
        least = max(1, -(-(high - low + 1) // MOST_VALUES))
        raise InputError(Problem("--range", f"{name}: {text!r}", wanted, f"write {name}={low}..{high}/{least}"))
    return tuple(range(low, high + 1, step))
