"""`--json`: one document on standard output whatever happens, for every command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from cli import app, main
from pipeline import terminal
from pipeline.errors import InputError, Problem, Refused

Ended = tuple[int, dict[str, Any], str]


def paths(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All commands there are, by the words one types."""
    for name, inner in getattr(command, "commands", {}).items():
        if hasattr(inner, "commands"):
            yield from paths(inner, (*before, name))
        elif any("--json" in p.opts for p in inner.params):
            yield (*before, name)


COMMANDS = sorted(paths(typer.main.get_command(app)))


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs the program: exit code, the document, what was said."""

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tepat", *words])
        monkeypatch.setattr(terminal, "_printed", [])
        with pytest.raises(SystemExit) as end:
            main()
        out, said = capsys.readouterr()
        return int(str(end.value.code)), json.loads(out), said

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_wrong_usage(ended: Callable[..., Ended], command: tuple[str, ...]) -> None:
    code, document, said = ended(*command, "--json", "--no-such-option")
    assert (code, document["error"]["exit_code"]) == (2, 2)
    assert "--no-such-option" in said


PROBLEM = Problem("a.csv: row 3", "NIK 7501191203800020", "sixteen digits", "ask the sender")


@pytest.mark.parametrize(
    ("error", "code"), [(InputError(PROBLEM), 2), (Refused(PROBLEM), 3), (ValueError("7501191203800020"), 1)]
)
def test_where_what_and_what_to_do_without_numbers_of_persons(
    ended: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.cases.returning.take_outcomes", fail)
    found, document, said = ended("outcomes", "a.csv", "--json")
    (problem,) = document["error"]["problems"]
    assert (found, document["error"]["exit_code"], document["error"]["type"]) == (code, code, type(error).__name__)
    assert problem["todo"]
    assert "7501191203800020" not in json.dumps(document) + said


def test_who_has_answered_already_says_no_more_on_standard_output(
    ended: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_and_fail(*_: object, **__: object) -> None:
        terminal.print_json({"answer": 1})
        raise Refused(PROBLEM)

    monkeypatch.setattr("pipeline.cases.returning.take_outcomes", answer_and_fail)
    assert ended("outcomes", "a.csv", "--json")[:2] == (3, {"answer": 1})
