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
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import django
from django.conf import settings

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
settings.configure(
    BASE_DIR="<BASE_DIR>",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "reqtrace", "dashboard"],
)
django.setup()

from dashboard import consumers, urls  # noqa: E402  all of it asks for settings
from reqtrace import checks, conf, records  # noqa: E402
from reqtrace.cli.base import subcommands  # noqa: E402
from reqtrace.doctor.examine import EXAMINATIONS  # noqa: E402
from reqtrace.exporters.schema import texts_under  # noqa: E402
from reqtrace.findings.detectors import DETECTORS  # noqa: E402
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


def url_rows() -> Iterator[Row]:
    """Yield what the dashboard answers, below its mount."""
    yield "URL", "does"
    for pattern in urls.urlpatterns:
        address = re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern))
        yield f"`{address}`" if address else "the mount", phrase(pattern.callback.__doc__ or "")
    yield "`live/`", phrase(consumers.live.__doc__ or "")


def kind_rows() -> Iterator[Row]:
    """Yield the kinds of finding, the worst first."""
    yield "kind", "level", "when", "typical fix"
    for detector in sorted(DETECTORS, key=lambda one: LEVELS.index(one.level)):
        yield f"`{detector.kind}`", detector.level, detector.when, detector.remedy


def example_rows() -> Iterator[Row]:
    """Yield what each kind says of its example."""
    yield "kind", "a finding", "its fix"
    for detector in sorted(DETECTORS, key=lambda one: LEVELS.index(one.level)):
        verdict = detector.examine(detector.example)
        assert verdict is not None, f"the example of {detector.kind} is none"
        yield f"`{detector.kind}`", verdict.message, verdict.fix


def field_rows() -> Iterator[Row]:
    """Yield all fields of a trace, record by record."""
    yield "record", "field", "type", "is"
    for record in RECORDS:
        texts = texts_under(record)
        for name, type_ in get_type_hints(record).items():
            text = re.sub(r"\bNone\b", "null", texts.get(name, ""))
            yield record.__name__, f"`{name}`", type_name(type_), phrase(text)


def check_rows() -> Iterator[Row]:
    """Yield what Django's checks may say."""
    yield "id", "says", "mend"
    for name, known in checks.KNOWN.items():
        yield f"`reqtrace.{name}`", known.says, known.mend


def doctor_rows() -> Iterator[Row]:
    """Yield what the doctor may say."""
    yield "code", "level", "says"
    for examination in EXAMINATIONS:
        for name, code in examination.codes.items():
            yield f"`{name}`", code.level, code.says


LEVELS = get_args(records.Level)
RECORDS = (
    *(records.Process, records.Thread, records.Request, records.User, records.Hop, records.SameThread),
    *(records.Reading, records.Message, records.Finding, records.Side, records.Writer, records.Frame),
)
TYPES = {str: "text", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
TABLES: dict[str, Callable[[], Iterable[Row]]] = {
    "settings": setting_rows,
    "commands": command_rows,
    "options": option_rows,
    "filters": filter_rows,
    "urls": url_rows,
    "kinds": kind_rows,
    "examples": example_rows,
    "fields": field_rows,
    "checks": check_rows,
    "doctor": doctor_rows,
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


def type_name(type_: Any) -> str:
    """Name a type as JSON has it."""
    inner = get_args(type_)
    if get_origin(type_) is Literal:
        return "text" if isinstance(inner[0], str) else "integer"
    if get_origin(type_) is UnionType:
        return " or ".join(map(type_name, inner))
    if get_origin(type_) is list:
        return f"list of {type_name(inner[0])}"
    return "object" if get_origin(type_) is dict else TYPES.get(type_) or type_.__name__


def literal(value: object) -> str:
    """Return a value as somebody would write it into the settings."""
    if isinstance(value, str | list | dict):
        return json.dumps(value)
    return f"{value:_}" if type(value) is int else repr(value)


def phrase(text: str) -> str:
    """Return a text of the code as Markdown for a cell: no sentence, but a part of one."""
    text = " ".join(text.split()).replace("``", "`").removesuffix(".")
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
