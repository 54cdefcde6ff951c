"""A document of dicts and lists made fit to be shown: numbers of persons masked, dates as text."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from pipeline.privacy import mask_number, scrub

_NUMBERS = frozenset(
    {
        "nik", "nik_digits", "no_kk", "no_kk_digits", "all_no_kk", "phone", "card_number", "account_number",
        "bpjs_number", "external_id",
    }
)  # fmt: skip
"""Names under which a number of a person stands; it is masked also where it is too short for :func:`scrub`."""

_NUMBER = re.compile(r"(?=(?:\D*\d){4})[\d?*Xx .\-/]+")
"""What such a number looks like, so that words under the same name (the outcome of a comparison) stay."""

_PLAIN = ("_id", "_id_a", "_id_b", "_key", "_code", "_hash", "_file")
"""Ends of names of ids, codes and files: a hash may hold many digits in a row without being anybody's number."""


def readable(value: Any) -> Any:
    """The document with JSON texts opened and dates written out, empty values left out."""
    if isinstance(value, dict):
        shown = {k: readable(v) for k, v in value.items()}
        return {k: v for k, v in shown.items() if v is not None}
    if isinstance(value, list):
        return [readable(v) for v in value]
    if isinstance(value, date):  # also a datetime
        return value.isoformat()
    return value


def opened_json(text: str | None) -> Any:
    """A JSON column as the document it holds."""
    return None if text is None else json.loads(text)


def veiled(value: Any, name: str = "") -> Any:
    """The document with every number of a person masked, wherever it stands."""
    if isinstance(value, dict):
        return {k: veiled(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [veiled(v, name) for v in value]
    if name.endswith(_PLAIN) or name in {"id", "where", "period"}:
        return value
    if isinstance(value, int) and len(str(value)) > 5 and (name in _NUMBERS or len(str(value)) > 10):
        value = str(value)
    if isinstance(value, str):
        return mask_number(value) if name in _NUMBERS and _NUMBER.fullmatch(value) else scrub(value)
    return value
