"""Files that leave the machine and come back: the passphrase they are locked with, and each way of locking.

Belongs here: what every stage needs that hands files to other people: workbooks, forms on paper and pages that ask for
the passphrase, and opening a locked workbook that came back. Not here: the key of this machine's own files
(:mod:`pipeline.store`): whoever gets a file is told its passphrase, never the key.

* A workbook opens in Excel and LibreOffice themselves: agile encryption of ECMA-376 (AES-256, SHA-512, 100,000 rounds),
  by ``msoffcrypto-tool``.
* A PDF opens in any reader: AES-256 of PDF 2.0 (ISO 32000-2), by ``pypdf``.
* A page holds a box that the browser opens: AES-GCM under a key that PBKDF2 derives from the passphrase (:rfc:`8018`;
  600,000 rounds of SHA-256 as OWASP asks, 2023).
"""

from __future__ import annotations

import io
import os
import zipfile
from base64 import b64encode
from importlib import import_module
from typing import Any, Final
from unicodedata import normalize

from pipeline.database import check_key
from pipeline.errors import InputError, Problem, StorageError
from pipeline.store import KEY_VARIABLE, secret

PASSPHRASE_VARIABLE: Final = "TEPAT_PASSPHRASE"  # noqa: S105 - the name of a variable
LEAST_CHARACTERS: Final = 10
_PACKAGES: Final = ("cryptography", "pypdf")
_SMALL: Final = 8192
_ROUNDS: Final = 600_000
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


def passphrase() -> str | None:
    """The passphrase for outgoing files, or None where none is set.

    Raises:
        InputError: one that is too short to keep anything.
    """
    said = normalize("NFC", os.environ.get(PASSPHRASE_VARIABLE, "").strip())  # as the page reads what is typed
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


def is_locked_workbook(content: bytes) -> bool:
    """Whether it is a workbook behind a password: an OLE container with a stream named EncryptedPackage."""
    return content.startswith(_OLE) and _ENCRYPTED in content


def behind_a_password(name: str) -> Problem:
    """What to say of a workbook that asks for a password."""
    return Problem(
        name,
        "the workbook is protected by a password",
        "a workbook that opens without one",
        f"set {PASSPHRASE_VARIABLE} if it is an XLSX of yours that came back; else save it without the password "
        "(File > Info > Protect Workbook > Encrypt), or ask the sender",
    )


def unlocked_workbook(content: bytes, name: str) -> bytes:
    """A workbook as it was before it was locked; one that is not locked stays as it is. Nothing is written.

    Args:
        content: the file.
        name: of the file, for the message.

    Raises:
        InputError: it is locked, and no passphrase is set or another one opens it.
        StorageError: the passphrase is too short, or this installation cannot open what is locked.
    """
    if not is_locked_workbook(content):
        return content
    lock = passphrase()
    if lock is None:
        raise InputError(behind_a_password(name))
    opened = io.BytesIO()
    book = _encryption()(io.BytesIO(content))
    try:
        book.load_key(password=lock, verify_password=True)
        book.decrypt(opened)
    except Exception as cause:  # the library's own, and those of what it reads
        raise InputError(
            Problem(name, f"the passphrase in {PASSPHRASE_VARIABLE} does not open it", "the one it was locked with",
                    "set that one, or ask the sender to save it without a password")
        ) from cause  # fmt: skip
    return opened.getvalue()


def locked_pdf(content: bytes, lock: str) -> bytes:
    """A PDF that opens with the passphrase only."""
    _encryption()
    from pypdf import PdfWriter

    writer, locked = PdfWriter(clone_from=io.BytesIO(content)), io.BytesIO()
    writer.pdf_header = "%PDF-2.0"
    writer.encrypt(lock, algorithm="AES-256")
    writer.write(locked)
    return locked.getvalue()


def locked_box(text: str, lock: str, as_what: str) -> dict[str, Any]:
    """A text that a page opens with the passphrase: ``salt``, ``nonce`` and ``box`` in base 64, ``iterations``.

    Args:
        text: what nobody else may read.
        lock: the passphrase.
        as_what: stands beside it in the clear; a box that was moved to another place does not open.
    """
    _encryption()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    salt, nonce = os.urandom(16), os.urandom(12)
    key = PBKDF2HMAC(SHA256(), 32, salt, _ROUNDS).derive(lock.encode())
    parts = {"salt": salt, "nonce": nonce, "box": AESGCM(key).encrypt(nonce, text.encode(), as_what.encode())}
    return {name: b64encode(part).decode() for name, part in parts.items()} | {"iterations": _ROUNDS}


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


def _encryption() -> Any:
    """The class of locked workbooks; refuses where any way of locking is missing, before one file is written."""
    try:
        for package in _PACKAGES:
            import_module(package)
        from msoffcrypto.format.ooxml import OOXMLFile
    except ImportError as cause:
        raise StorageError(
            Problem(
                PASSPHRASE_VARIABLE,
                "a passphrase is set, but this installation cannot lock files; nothing was written",
                todo="install the extra: pip install 'tepat-sasaran[encrypt]'",
            )
        ) from cause
    return OOXMLFile
