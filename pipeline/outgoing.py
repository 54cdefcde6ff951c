"""Files that leave the machine: the passphrase they are locked with, and workbooks that ask for it.

Belongs here: what every stage needs that hands files to other people. Not here: the key of this machine's own files
(:mod:`pipeline.store`): whoever gets a file is told its passphrase, never the key.

A locked workbook is one that Excel and LibreOffice open themselves, after the passphrase: agile encryption of ECMA-376
(AES-256, SHA-512, 100,000 rounds), by ``msoffcrypto-tool``.
"""

from __future__ import annotations

import io
import os
import zipfile
from typing import Final

from pipeline.database import check_key
from pipeline.errors import InputError, Problem, StorageError
from pipeline.store import KEY_VARIABLE, secret

PASSPHRASE_VARIABLE: Final = "TEPAT_PASSPHRASE"  # noqa: S105 - the name of a variable
LEAST_CHARACTERS: Final = 10
_SMALL: Final = 8192


def passphrase() -> str | None:
    """The passphrase for outgoing files, or None where none is set.

    Raises:
        InputError: one that is too short to keep anything.
    """
    said = os.environ.get(PASSPHRASE_VARIABLE, "").strip()
    if not said:
        return None
    if len(said) < LEAST_CHARACTERS:
        raise InputError(
            Problem(PASSPHRASE_VARIABLE, f"{len(said)} characters are too few", f"at least {LEAST_CHARACTERS}",
                    "four words that do not belong together are easy to say on the phone")
        )  # fmt: skip
    return said


def lock_of(what: str) -> str | None:
    """The passphrase to lock files with; None: they may be written in the clear, because no key is set.

    Args:
        what: the files, in the plural, for the message.

    Raises:
        InputError: the passphrase is too short.
        StorageError: a key is set and no passphrase, or this installation cannot encrypt.
    """
    lock = passphrase()
    check_key()
    if lock is not None:
        _encryption()
    elif secret() is not None:
        raise StorageError(
            Problem(
                KEY_VARIABLE,
                f"a key is set, and {what} hold personal data; nothing was written",
                todo=f"set {PASSPHRASE_VARIABLE}: then they are locked with it; tell it by another way than the files",
            )
        )
    return lock


def locked_workbook(content: bytes, lock: str) -> bytes:
    """A workbook (XLSX) that opens with the passphrase only."""
    ooxml = _encryption()
    locked = io.BytesIO()
    ooxml(io.BytesIO(content if len(content) > _SMALL else _padded(content))).encrypt(lock, locked)
    return locked.getvalue()


def _padded(workbook: bytes) -> bytes:
    """A small workbook, blanks added behind one of its documents, where XML allows them.

    The library writes a container that nobody can open where the workbook has fewer than 4 KB
    (github.com/nolze/msoffcrypto-tool, issue 105).
    """
    larger = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as before, zipfile.ZipFile(larger, "w") as after:
        for number, part in enumerate(before.infolist()):
            content = before.read(part)
            blanks = b" " * _SMALL if number == 0 and part.filename.endswith(".xml") else b""
            after.writestr(zipfile.ZipInfo(part.filename, part.date_time), content + blanks)  # stored as it is
    return larger.getvalue()


def _encryption() -> type:
    try:
        from msoffcrypto.format.ooxml import OOXMLFile
    except ImportError as cause:
        raise StorageError(
            Problem(
                PASSPHRASE_VARIABLE,
                "a passphrase is set, but this installation cannot lock workbooks; nothing was written",
                todo="install the extra: pip install 'tepat-sasaran[encrypt]'",
            )
        ) from cause
    kind: type = OOXMLFile
    return kind
