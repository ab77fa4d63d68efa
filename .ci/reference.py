"""Writes the tables of `docs/reference.md` that tell what the code says already, each between its two marks.

python .ci/reference.py [FILE]           (`make reference`)
python .ci/reference.py --check [FILE]   fails where the file is not what the code gives
"""

import json
import re
import sys
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff
from pathlib import Path

import django
from django.conf import settings

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
settings.configure(
    BASE_DIR="<BASE_DIR>",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "reqtrace", "dashboard"],
)
django.setup()

from reqtrace import conf  # noqa: E402  all of it asks for settings
from reqtrace.cli.base import subcommands  # noqa: E402
from reqtrace.exporters.schema import texts_under  # noqa: E402
from reqtrace.reading import queries  # noqa: E402

Row = tuple[str, ...]
FILTERS = {text: name for name, text in queries.PARAMETERS.items() if name not in ("limit", "cursor")}


def setting_rows() -> Iterator[Row]:
    """Yield each setting."""
    yield "key", "default", "meaning"
    texts, defaults = texts_under(conf.Settings), conf.load({}, {}).settings
    for key, name in conf.KEYS.items():
        yield f"`{key}`", f"`{literal(getattr(defaults, name))}`", phrase(texts[name])


def command_rows() -> Iterator[Row]:
    """Yield each subcommand, with what it cannot do without."""
    yield "command", "does"
    for name, command in subcommands().items():
        needed = [usage(action) for action in arguments(command) if not action.option_strings or action.required]
        yield f"`{' '.join([name, *needed])}`", phrase(command.help)


def option_rows() -> Iterator[Row]:
    """Yield each argument once, with all subcommands that take it; filters in one row."""
    yield "command", "option", "meaning"
    rows: dict[tuple[str, str], list[str]] = {}
    for name, command in subcommands().items():
        filters = []
        for action in arguments(command):
            if action.help in FILTERS:
                filters.append(f"`{action.option_strings[0]}`")
            else:
                shown = ", ".join(f"`{spelt}`" for spelt in spellings(action))
                rows.setdefault((shown, phrase(action.help or "")), []).append(f"`{name}`")
        if filters:
            rows.setdefault((", ".join(filters), "[filters](#filters)"), []).append(f"`{name}`")
    for (shown, meaning), names in rows.items():
        yield ", ".join(names), shown, meaning


def filter_rows() -> Iterator[Row]:
    """Yield each filter."""
    yield "name", "takes"
    for text, name in FILTERS.items():
        yield f"`{name}`", phrase(text)


TABLES: dict[str, Callable[[], Iterable[Row]]] = {
    "settings": setting_rows,
    "commands": command_rows,
    "options": option_rows,
    "filters": filter_rows,
}


def arguments(command: type) -> list[Action]:
    """Return what a subcommand takes."""
    parser = ArgumentParser(add_help=False)
    command.add_arguments(parser)  # type: ignore[attr-defined]
    return [action for action in parser._actions if action.help != SUPPRESS]


def usage(action: Action) -> str:
    """Return an argument as it stands in a command line."""
    if action.option_strings:
        return spellings(action)[0]
    return {"*": "[{}...]", "+": "{}..."}[str(action.nargs)].format(action.metavar)


def spellings(action: Action) -> list[str]:
    """Return all ways to write an argument."""
    if not action.option_strings:
        return [f"{action.metavar}..."]
    value = "" if action.nargs == 0 else f" {action.metavar or '|'.join(action.choices or [action.dest.upper()])}"
    return [f"{name}{value}" for name in action.option_strings]


def literal(value: object) -> str:
    """Return a value as somebody would write it into the settings."""
    if isinstance(value, str | list | dict):
        return json.dumps(value)
    return f"{value:_}" if type(value) is int else repr(value)


def phrase(text: str) -> str:
    """Return the first paragraph of a text of the code as Markdown for a cell: no sentence, but a part of one."""
    text = " ".join(text.partition("\n\n")[0].split()).replace("``", "`").removesuffix(".")
    text = re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"`\1`", text)
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def linked(text: str, targets: dict[str, str]) -> str:
    """Make a link of each `see Heading`."""
    names = "|".join(map(re.escape, sorted(targets, key=len, reverse=True)))
    return re.sub(rf"\bsee ({names})\b", lambda found: f"see [{found[1]}]({targets[found[1]]})", text)


def targets_of(document: str) -> dict[str, str]:
    """Return where the headings of the document stand, and the other pages."""
    pages = {path.read_text().partition("\n")[0].removeprefix("# "): path.name for path in CHECKOUT.glob("docs/*.md")}
    headings = re.findall(r"^##+ (.+)$", document, re.MULTILINE)
    return pages | {heading: "#" + re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


def table(rows: Iterable[Row]) -> str:
    """Return rows as a table, the first of them as its head."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *body))


def written(document: str) -> str:
    """Return the document with each table as the code gives it today."""
    targets = targets_of(document)

    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}{linked(table(TABLES[found[2]]()), targets)}{found[3]}"

    filled, count = re.subn(
        r"(<!-- table (\w+): `make reference` -->\n).*?(<!-- end -->\n)", fill, document, flags=re.S
    )
    assert count == len(TABLES), f"{count} tables have their marks in the document; the code gives {', '.join(TABLES)}"
    return filled


def main(*arguments: str) -> int:
    """Write, or check; return the exit code."""
    (path,) = [Path(name) for name in arguments if name != "--check"] or [CHECKOUT / "docs" / "reference.md"]
    before = path.read_text()
    after = written(before)
    if "--check" not in arguments:
        path.write_text(after)
        return 0
    sys.stdout.writelines(unified_diff(before.splitlines(True), after.splitlines(True), str(path), "the code"))
    return before != after


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
