"""The folder of a month: which files are read, what ``sources.yaml`` says of them, and the hash of all.

Belongs here: listing and naming files. Not here: their contents (:mod:`.contents`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from pydantic import Field, RootModel, model_validator

from pipeline.errors import InputError, Problem, RulesError
from pipeline.ingest.cards import KINDS, Heading
from pipeline.ingest.contents import opened
from pipeline.ingest.recognise import Said
from pipeline.rulebook import Card, read_yaml

SOURCES: Final = "sources.yaml"
IGNORE: Final = "ignore"
_PASSED_OVER: Final = ("~$*", ".*", "Thumbs.db", "desktop.ini", SOURCES, "*.tmp", "*.part")
"""Lock files and what operating systems leave: no lists, passed over in silence."""


class SourceEntry(Card):
    """One entry of ``sources.yaml``: what a user says outright of some files, or of one sheet in them."""

    file: str
    kind: str | None = None
    program: str | None = None
    sheet: str | None = None
    columns: dict[Heading, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_kind(self) -> SourceEntry:
        if self.kind is not None and self.kind not in (*KINDS, IGNORE):
            raise ValueError(f"kind {self.kind!r} is none of {', '.join((*KINDS, IGNORE))}")
        return self

    def speaks_of(self, sheet: str) -> bool:
        """Whether the entry is about a sheet of its files."""
        return self.sheet is None or fnmatch(sheet.lower(), self.sheet.lower())


class SourcesCard(RootModel[list[SourceEntry]]):
    """``sources.yaml``: a list of entries, also under a key ``sources`` or ``files``, or as file → entry."""

    @model_validator(mode="before")
    @classmethod
    def _any_shape(cls, data: Any) -> Any:
        return _as_list(data)


def _as_list(data: Any) -> Any:
    if data is None:
        return []
    if not isinstance(data, dict):
        return data
    inner = next((data[k] for k in ("sources", "files") if k in data), None)
    if inner is not None:
        return _as_list(inner)
    if "file" in data:
        return [data]
    return [{"file": file, **entry} if isinstance(entry, dict) else entry for file, entry in data.items()]


@dataclass(frozen=True)
class InputFile:
    """A file to be read. ``name`` is the file's name; with its folder where two files share a name."""

    path: Path
    name: str
    entries: tuple[SourceEntry, ...] = ()

    @property
    def ignored(self) -> bool:
        """Whether ``sources.yaml`` leaves the whole file out."""
        return any(e.kind == IGNORE and e.sheet is None for e in self.entries)

    def said(self, sheet: str) -> Said:
        """What ``sources.yaml`` says of a sheet; later entries over earlier ones."""
        kind, program, columns = None, None, dict[str, str]()
        for entry in self.entries:
            if entry.speaks_of(sheet):
                kind, program = entry.kind or kind, entry.program or program
                columns |= entry.columns
        return Said(kind, program, columns)


def input_files(raw: Path) -> list[InputFile]:
    """All files of a month's folder and the folders in it, sorted by name.

    Raises:
        InputError: the folder is missing or holds no file, or ``sources.yaml`` cannot be used.
    """
    if not raw.is_dir():
        raise InputError(
            Problem(str(raw), "there is no such folder", "the folder with the month's files", "give it with --raw")
        )
    files = files_in(raw)
    if not files:
        raise InputError(
            Problem(str(raw), "the folder is empty", "the month's files (XLSX, CSV …)", "put them there and run again")
        )
    return files


def files_in(raw: Path) -> list[InputFile]:
    """All files of a folder and the folders in it that could be lists, sorted by name; none if there are none."""
    paths = [p for p in sorted(raw.rglob("*")) if not p.is_dir() and not _passed_over(p.relative_to(raw))]
    _refuse_unwritable_names(raw, paths)
    entries = entries_beside(raw)
    shared = {name for name, n in Counter(p.name for p in paths).items() if n > 1}
    files = []
    for path in paths:
        inner = path.relative_to(raw).as_posix()
        name = inner if path.name in shared else path.name
        files.append(InputFile(path, name, _matching(entries, path.name, inner)))
    return sorted(files, key=lambda f: f.name)


def _refuse_unwritable_names(raw: Path, paths: Sequence[Path]) -> None:
    """Names in the bytes of another system's encoding can be opened, but neither printed nor kept in a table."""
    broken = [repr(p.name.encode("utf-8", "replace").decode()) for p in paths if not _is_text(str(p))]
    if broken:
        raise InputError(
            *(Problem(str(raw), f"the file name {name} is no text", todo="rename the file") for name in broken)
        )


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def named_file(path: Path) -> InputFile:
    """A single file, with what a ``sources.yaml`` beside it says."""
    return InputFile(path, path.name, _matching(entries_beside(path.parent), path.name))


def _matching(entries: list[SourceEntry], *names: str) -> tuple[SourceEntry, ...]:
    return tuple(e for e in entries if any(fnmatch(name.lower(), e.file.lower()) for name in names))


def _passed_over(path: Path) -> bool:
    return any(fnmatch(part, p) for part in path.parts for p in _PASSED_OVER)


def entries_beside(raw: Path) -> list[SourceEntry]:
    """What the ``sources.yaml`` of a folder says; nothing where there is none."""
    path = raw / SOURCES
    if not path.exists():
        return []
    try:
        return read_yaml(path, SourcesCard).root
    except RulesError as error:
        raise InputError(*error.problems) from error


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes; :class:`InputError` where it cannot be read."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inputs_hash(raw: Path) -> str:
    """Hash over the names and contents of all input files and of ``sources.yaml``.

    A file that cannot be read counts by its name: ingest names all of them, with all else that is wrong.
    """
    digest = hashlib.sha256()
    paths = [f.path for f in input_files(raw)]
    if (raw / SOURCES).exists():
        paths.append(raw / SOURCES)
    for path in paths:
        digest.update(f"{path.relative_to(raw).as_posix()}\0{_hash_if_readable(path)}\0".encode())
    return digest.hexdigest()


def _hash_if_readable(path: Path) -> str:
    try:
        return file_hash(path)
    except InputError:
        return ""
