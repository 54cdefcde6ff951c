"""Reading the files under ``rules/``: YAML with line numbers, checked against a model.

Belongs here: finding the rules folder, its hash, and turning a YAML file into a typed object with errors that name
the line. Not here: what the rules mean (each stage declares the models of its own files).
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import InputError, Problem, RulesError

Model = TypeVar("Model", bound=BaseModel)

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: ten times as fast, the same line numbers."""


class Card(BaseModel):
    """Base of everything written in YAML: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


LATER: Final = ("audit.yaml", "dedupe.yaml", "field.yaml", "gate.yaml", "report.yaml", "retention.yaml")
"""Files that no stage of a run reads: how long rows are kept, for instance, changes no finding, and must not make a run
another one. All others count, also those that a later version adds."""


def default_rules() -> Path:
    """The rules shipped with the program: ``rules/`` beside the package, or inside an installed wheel."""
    package = Path(__file__).resolve().parent
    beside = package.parent / "rules"
    return beside if (beside / "sources").is_dir() else package / "_rules"


def rules_hash(rules: Path, *, also: str | None = None) -> str:
    """Hash over the relative names and contents of the files in the rules folder that what is published depends on.

    Args:
        rules: rules folder.
        also: one of :data:`LATER` that counts too.
    """
    if not rules.is_dir():
        raise InputError(Problem(str(rules), "there is no such rules folder", todo="give it with --rules"))
    digest = hashlib.sha256()
    for path in sorted(p for p in rules.rglob("*") if p.is_file() and p.suffix in {".yaml", ".csv", ".txt"}):
        name = path.relative_to(rules).as_posix()
        if name not in LATER or name == also:
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _line_of(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """Line of the YAML node that a pydantic error points to (as near as the path leads)."""
    line = 1
    for step in path:
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is None:
                continue
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def read_yaml(path: Path, model: type[Model]) -> Model:
    """Read one YAML file as ``model``.

    Raises:
        RulesError: all problems of the file at once, each with its line, and the nearest known name for a typo.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(Problem(str(path), f"cannot be read: {error}", "a UTF-8 YAML file")) from error
    return _parsed(path, text, model)  # type: ignore[return-value]


@lru_cache(maxsize=256)  # each stage reads its files anew, and so does the next command; cards never change
def _parsed(path: Path, text: str, model: type[BaseModel]) -> BaseModel:
    try:
        loader = LOADER(text)
        tree = loader.get_single_node()
        twice = list(_twice(path, tree))
        data: Any = None if tree is None else loader.construct_document(tree)
    except ValueError as error:  # a day that is in no calendar, such as 2026-13-01
        raise RulesError(*_no_days(path, tree)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise RulesError(
            Problem(where, f"not YAML: {getattr(error, 'problem', error)}", "check the indentation")
        ) from error
    if twice:
        raise RulesError(*twice)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RulesError(*(_problem(path, tree, e, model) for e in _own(error.errors()))) from error


def _own(errors: Sequence[Any]) -> list[Any]:
    """Without lists that are too short only because what stands in them is wrong."""
    places = [e["loc"] for e in errors]
    return [
        e for e in errors
        if e["type"] != "too_short" or not any(p[: len(e["loc"])] == e["loc"] and p != e["loc"] for p in places)
    ]  # fmt: skip


def _twice(path: Path, node: yaml.Node | None) -> Iterator[Problem]:
    """Keys that stand twice in one mapping: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if first.setdefault(str(key.value), line) != line:
                found = f"`{key.value}` stands twice, first in line {first[str(key.value)]}"
                yield Problem(f"{path}:{line}", found, todo="keep one of them")
            yield from _twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(path, item)


def _no_days(path: Path, node: yaml.Node | None) -> Iterator[Problem]:
    """What is written as a day and is none."""
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for part in item if isinstance(item, tuple) else (item,):
                yield from _no_days(path, part)
    elif isinstance(node, yaml.ScalarNode) and node.tag.endswith(":timestamp"):
        try:
            yaml.safe_load(node.value)
        except ValueError as error:
            yield Problem(f"{path}:{node.start_mark.line + 1}", f"{node.value}: {error}", "a day such as 2026-01-31")


def _problem(path: Path, tree: yaml.Node | None, error: Any, model: type[BaseModel]) -> Problem:
    location: tuple[int | str, ...] = error["loc"]
    where = f"{path}:{_line_of(tree, location)}"
    name = ".".join(str(step) for step in location) or path.stem
    todo = ""
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), _field_names(model), n=1)
        todo = f"did you mean `{near[0]}`?" if near else "take it out"
    elif error["type"] == "literal_error":
        near = difflib.get_close_matches(str(error["input"]), re.findall("'([^']+)'", error["ctx"]["expected"]), n=1)
        todo = f"did you mean `{near[0]}`?" if near else ""
    return Problem(where, f"{name}: {error['msg'].removeprefix('Value error, ')}", todo=todo)


def _field_names(model: type[BaseModel]) -> set[str]:
    """Field names of a model and of the models inside it."""
    names: set[str] = set()
    for schema in (model.model_json_schema(), *model.model_json_schema().get("$defs", {}).values()):
        names |= set(schema.get("properties", {}))
    return names


def line_in(path: Path, *location: int | str) -> int:
    """Line of a value inside a YAML file, by the keys and positions that lead to it (1 where there is none)."""
    return _line_of(yaml.compose(path.read_text(encoding="utf-8"), Loader=LOADER), location)
