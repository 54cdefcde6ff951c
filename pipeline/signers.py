"""Whether two names, as typed, are those of one person: nobody answers or checks something and then decides on it."""

from __future__ import annotations

import re


def same_person(one: str, other: str) -> bool:
    """Whether every word of the shorter name stands in the longer: case, signs, titles and a name cut short are no
    matter. Two people whose names lie so near to each other write them so that they differ."""
    left, right = _words(one), _words(other)
    return bool(left and right) and (left <= right or right <= left)


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))
