"""Writes the reference of the docs from what the program itself declares: `make docs`.

Tables from `pipeline/tables.py`, commands from `pipeline/commands`, rules and findings from the YAML under `rules/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml

from cli import app
from pipeline.tables import LASTING, RUNS, TABLES, Column, Table

HERE = Path(__file__).resolve().parent
RULES = HERE.parent / "rules"
MADE = "Made by `make docs` from {source}; do not edit."


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Path below `docs/` → the whole page as Markdown."""
    return {
        "tables.md": tables(),
        "reference/commands.md": commands(),
        "reference/rules.md": programs(),
        "reference/findings.md": findings(),
    }


# ---------------------------------------------------------------- tables

TABLES_HEAD = f"""# Tables

{MADE.format(source="`pipeline/tables.py`")} Key columns are **bold**: together they name a row.
Published tables stand in schema `audit` with `run_id` in front; schema `latest` shows the newest run of each period.
"""
LASTING_HEAD = """## Tables that live across runs

They stand in schema `audit` too, have no view in `latest`, and are only ever appended to.
"""


def tables() -> str:
    """The tables of a run, and those that live across runs."""
    of_runs = [_table(t, "published" if t.published else "stage file only") for t in [*TABLES.values(), RUNS]]
    lasting = [_table(t, "lives across runs") for t in LASTING.values()]
    return "\n".join([TABLES_HEAD, *of_runs, LASTING_HEAD, *lasting])


def _table(table: Table, where: str) -> str:
    rows = "\n".join(_column(c) for c in table.columns).replace("<", "&lt;")
    return (
        f"## {table.name}\n\n{table.meaning} Made by `{table.stage}`; {where}.\n\n"
        f"| column | type | meaning |\n|---|---|---|\n{rows}\n"
    )


def _column(column: Column) -> str:
    name = f"**{column.name}**" if column.key else column.name
    return f"| {name} | {column.type.sql.lower()} | {column.meaning} |"


# -------------------------------------------------------------- commands


def commands() -> str:
    """Every command with its arguments and options, as the command line itself declares them."""
    parts = [
        f"# Commands\n\n{MADE.format(source='`pipeline/commands`')} The same stands in `tepat COMMAND --help`.\n\n"
        "Exit codes: 0 done; 1 the program or its environment failed, nothing published; 2 wrong usage or unreadable "
        "input, nothing changed; 3 done, and the answer is no. With `--json` one JSON document is all that stands on "
        'standard output; of a command that ends with an error it is `{"error": {"type", "exit_code", "problems": '
        '[{"where", "found", "expected", "todo"}]}}`.\n'
    ]
    return "\n".join([*parts, *_commands(typer.main.get_command(app), "tepat")])


def _commands(group: Any, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        whole = f"{path} {name}"
        if hasattr(command, "commands"):
            yield from _commands(command, whole)
        elif not command.hidden:
            yield _command(command, whole)


def _command(command: Any, path: str) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([path, *(_argument(a) for a in arguments), *("[OPTIONS]" if options else "",)])
    text = f"## {path}\n\n{' '.join((command.help or '').split())}\n\n```\n{usage.strip()}\n```\n"
    rows = [f"| `{_argument(a)}` | {_cell(a.help)} |  |" for a in arguments]
    rows += [
        f"| {', '.join(f'`{o}`' for o in p.opts)} | {_cell(p.help)}{' **Required.**' if p.required else ''} | "
        f"{_default(p)} |"
        for p in options
    ]
    return text + ("\n| option | meaning | default |\n|---|---|---|\n" + "\n".join(rows) + "\n" if rows else "")


def _argument(argument: Any) -> str:
    name = (argument.metavar or argument.name).strip("{}").upper().replace("[", "").replace("]", "")
    name += "…" if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def _default(option: Any) -> str:
    value = option.default
    shown = value is not None and not callable(value) and value is not False and value not in ((), [], "")
    return f"`{value}`" if shown else ""


def _cell(text: str | None) -> str:
    return _code(text).replace("<", "&lt;")


def _code(text: str | None) -> str:  # between backticks a `<` stands for itself
    return " ".join((text or "").split()).replace("|", "\\|")


# ----------------------------------------------------------------- rules

CERTAINTY = "A regulation or official text, B press or secondary source, C background knowledge, to be confirmed."


def programs() -> str:
    """Every program: versions with the law and dates, conditions as written, parameters with their source."""
    parts = [
        f"# Rules of the programs\n\n{MADE.format(source='`rules/programs/*.yaml` and `rules/bars.yaml`')} A run uses "
        f"what was in force on the last day of its month. Certainty: {CERTAINTY}\n"
    ]
    parts += [_program(_read(path)) for path in sorted((RULES / "programs").glob("*.yaml"))]
    bars = _read(RULES / "bars.yaml")
    parts.append(
        "## Bars\n\nOne such member, alive and not moved out, bars the unit of a program that names the bar.\n"
    )
    parts.append("| bar | member | law |\n|---|---|---|")
    parts += [f"| `{name}`: {b['text']['en']} | `{_code(b['member'])}` | {_cell(b['law'])} |"
              for name, b in bars["bars"].items()]  # fmt: skip
    return "\n".join([*parts, "", *_parameters(bars.get("parameters", {}))])


def _program(card: dict[str, Any]) -> str:
    name = card["name"]
    parts = [f"## {card['code']}: {name['id']} ({name['en']})\n\nUnit: {card['unit']}.\n"]
    for version in card["versions"]:
        until = version.get("valid_to") or "further notice"
        parts.append(f"**In force {version['valid_from']} to {until}.** {version['legal_basis']}.\n")
        parts.append("| condition | as written | law |\n|---|---|---|")
        parts += [
            f"| `{c['id']}`: {c['text']['en']} | `{_code(c['condition'])}` | {_cell(c['law'])} |"
            for c in version["conditions"]
        ]
        parts.append("")
        if version.get("bars"):
            parts.append(f"Bars: {', '.join(f'`{b}`' for b in version['bars'])}.\n")
        if version.get("excluded_by"):
            parts.append(f"Not together with: {', '.join(version['excluded_by'])}.\n")
    return "\n".join([*parts, *_parameters(card.get("parameters", {}))])


def _parameters(parameters: dict[str, Any]) -> Iterator[str]:
    if not parameters:
        return
    yield "| parameter | value | from | certainty | source |\n|---|---|---|---|---|"
    for name, values in parameters.items():
        for v in values:
            yield f"| `{name}` | {v['value']} | {v['valid_from']} | {v['certainty']} | {_cell(str(v['source']))} |"
    yield ""


def findings() -> str:
    """The taxonomy of findings: words, severity, days, who acts, how often such a flag is expected to be right."""
    card = _read(RULES / "findings.yaml")
    parts = [
        f"# Findings\n\n{MADE.format(source='`rules/findings.yaml`')} A finding asks for a check; "
        "it is never a verdict. *Certainty* is how often such a flag is expected to be right when the identities are.\n"
    ]
    for name, kind in card["types"].items():
        text = kind["text"]
        parts.append(
            f"## {name}\n\n{text['id']} ({text['en']}). Severity {kind['severity']}, {kind['days']} days, goes to "
            f"{kind['queue']} unless the reason says otherwise.\n"
        )
        reasons = kind.get("reasons") or {}
        if reasons:
            parts.append("| reason | in words | severity | days | goes to | certainty |\n|---|---|---|---|---|---|")
        parts += [
            f"| `{r}` | {_cell(w['text']['id'])} ({_cell(w['text']['en'])}) | "
            + " | ".join(str(w.get(n, kind.get(n, ""))) for n in ("severity", "days", "queue", "certainty"))
            + " |"
            for r, w in reasons.items()
        ]
        parts.append("")
    return "\n".join(parts)


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


if __name__ == "__main__":
    main()
