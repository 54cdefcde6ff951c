"""What the bytes of a file are, whatever its name says: one pass over each file.

Belongs here: format, encoding, hash and damage that shows in the bytes. Not here: reading rows.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from io import BufferedReader
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, Problem

_CHUNK: Final = 1 << 20
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),  # begins like UTF-16, hence before it
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OTHER_FORMATS: Final = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite": "a database",
}
_OTHER_ARCHIVES: Final = {
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a slide show",
    "xl/workbook.xml": None,
    "xl/workbook.bin": None,
}
"""What an archive is by a file in it; None for workbooks."""
_JSON_DOCUMENT: Final = re.compile(rb"^\s*(\[\s*[{\[]|\{\s*\n)")
_WEB_PAGE: Final = re.compile(rb"^\s*<(!doctype|html|table|meta|\?xml|head|body|style)", re.IGNORECASE)


class Format(Enum):
    """Formats that can be read."""

    TEXT = "text"
    JSON_LINES = "json lines"
    PARQUET = "parquet"
    WORKBOOK = "workbook"


@dataclass(frozen=True)
class Contents:
    """A file as its bytes describe it; ``encoding`` for text only, ``sha256`` empty where nobody has hashed it."""

    path: Path
    sha256: str
    format: Format
    encoding: str = ""


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The bytes of a file; :class:`InputError` where it is none, or must not be read."""
    if not path.is_file():
        found = "a link that leads nowhere" if path.is_symlink() else "no file that can be read"
        raise InputError(Problem(path.name, f"is {found}", "a file", "put the file itself there, or take this out"))
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(
            Problem(
                path.name,
                f"cannot be opened: {error.strerror}",
                todo="close it in other programs, and see that you may read it",
            )
        ) from error


def examine(path: Path) -> Contents:
    """Hash a file and find out its format and encoding.

    Raises:
        InputError: the file is empty, holds NUL bytes, or is of a format that cannot be read.
    """
    with opened(path) as file:
        head = file.read(_CHUNK)
        digest = hashlib.sha256(head)
        text = _TextCheck(head)
        chunk = head
        while chunk:
            text.see(chunk)
            chunk = file.read(_CHUNK)
            digest.update(chunk)
    return _described(path, digest.hexdigest(), head, text)


def glance(path: Path) -> Contents:
    """Format and encoding by the beginning of a file, without its hash.

    For readers that notice themselves where the rest is not as it began, and then :func:`examine` the whole.

    Raises:
        InputError: the file is empty, begins with NUL bytes, or is of a format that cannot be read.
    """
    with opened(path) as file:
        head = file.read(_CHUNK)
    text = _TextCheck(head)
    text.see(head)
    return _described(path, "", head, text)


def _described(path: Path, sha256: str, head: bytes, text: _TextCheck) -> Contents:
    if not head.strip(b"\0 \r\n\t"):
        raise InputError(Problem(path.name, "the file is empty", "a list with a header row", "ask for it again"))
    found = _format(path, head)
    if found in (Format.TEXT, Format.JSON_LINES):
        return Contents(path, sha256, found, text.encoding(path))
    return Contents(path, sha256, found)


def _format(path: Path, head: bytes) -> Format:
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    named = _archive(path) if head.startswith(b"PK\x03\x04") else None
    if named is None and head.startswith((b"PK\x03\x04", _OLE)):
        return Format.WORKBOOK
    named = named or next((name for mark, name in _OTHER_FORMATS.items() if head.startswith(mark)), None)
    if named is None and _WEB_PAGE.match(head):
        named = "a web page or XML file, whatever its name says"
    if named is None and _JSON_DOCUMENT.match(head.removeprefix(_MARKS[0][0])):
        named = "one JSON document over the whole file, not one record a line"
    if named is not None:
        raise InputError(
            Problem(
                path.name,
                f"the content is {named}",
                "CSV, XLSX, XLS, ODS, Parquet or JSON lines",
                "open it and save it as .xlsx or .csv, or leave it out with `kind: ignore` in sources.yaml",
            )
        )
    if path.suffix.lower() in {".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"} and b"\0" in head:
        raise InputError(
            Problem(
                path.name,
                "the workbook is damaged: it does not begin as a workbook does",
                todo="ask for it again",
            )
        )
    starts_as_record = head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")
    return Format.JSON_LINES if starts_as_record else Format.TEXT


def _archive(path: Path) -> str | None:
    """What an archive is if no workbook; None also where it is cut off, which the workbook reader says better."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = set(archive.namelist())
            is_ods = "mimetype" in inside and b"spreadsheet" in archive.read("mimetype")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):  # compressed or locked in an unknown way
        return None
    found = [name for file, name in _OTHER_ARCHIVES.items() if file in inside]
    if found or is_ods:
        return found[0] if found else None
    return "another OpenDocument file than a spreadsheet" if "mimetype" in inside else "a ZIP archive"


class _TextCheck:
    """Follows the chunks of a file and says which encoding they can be."""

    def __init__(self, head: bytes) -> None:
        self.declared = next((name for mark, name in _MARKS if head.startswith(mark)), None)
        if self.declared is None:
            self.declared = _unmarked_utf16(head)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8 = True
        self._lines = 0
        self.nul_line: int | None = None

    def see(self, chunk: bytes) -> None:
        """Look at the next piece."""
        if self.declared is not None and self.declared.startswith(("utf-16", "utf-32")):
            return
        if self.nul_line is None and (at := chunk.find(b"\0")) >= 0:
            self.nul_line = self._lines + chunk.count(b"\n", 0, at) + 1
        self._lines += chunk.count(b"\n")
        if self._is_utf8:
            try:
                self._utf8.decode(chunk)
            except UnicodeDecodeError:
                self._is_utf8 = False

    def encoding(self, path: Path) -> str:
        """The encoding to read with: as declared by a mark, else UTF-8 where it fits, else Windows-1252."""
        if self.nul_line is not None:
            raise InputError(
                Problem(
                    f"{path.name}, line {self.nul_line}",
                    "a NUL byte: the file is damaged or no text file",
                    "a CSV file as saved by a spreadsheet",
                    "save it again as CSV UTF-8, or ask for it again",
                )
            )
        if self.declared is not None:
            return self.declared if self._is_utf8 or self.declared != "utf-8-sig" else "cp1252"
        return "utf-8" if self._is_utf8 else "cp1252"


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte of Latin text is NUL."""
    sample = head[:2000]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        high = sample[offset::2]
        if len(high) >= 4 and high.count(0) >= 0.8 * len(high) and sample[1 - offset :: 2].count(0) == 0:
            return name
    return None
