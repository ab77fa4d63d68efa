"""How much of the field is found, counted: ``python -m demo.lab.field.recall gthread uvicorn daphne gevent``.

Each kind gets servers of its own: one that has just been started (cold), and one that has settled for four seconds. A
request counts as found if one of the kinds of finding that its users would expect was told of it. ``gthread:cold`` and
``gthread:settled`` measure one of the two.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator

import django

from demo.lab.field.base import Kind
from demo.lab.field.drive import SETTLING_SECONDS, Outcome, serving


def drive(server: str, kinds: Iterable[Kind], *, is_settled: bool) -> dict[str, tuple[Outcome, Outcome]]:
    """Let people visit the broken and the clean way of some kinds on one server; return what came of each."""
    from demo.lab.field.declared import HOLDERS

    kinds = list(kinds)
    declared = {"FIELD_DECLARED": " ".join(HOLDERS)} if any(kind.is_declared for kind in kinds) else {}
    with serving(server, **declared) as field:
        if is_settled:
            for kind in kinds:
                field.visit(kind, "clean", times=4)
            time.sleep(SETTLING_SECONDS)
        for kind in kinds:
            field.visit(kind, "clean")
            field.visit(kind, "broken")
        outcomes = field.outcomes()
    return {kind.name: (outcomes[kind.name, "broken"], outcomes[kind.name, "clean"]) for kind in kinds}


def runs(names: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield servers, and whether they are to settle."""
    for name in names:
        server, _, state = name.partition(":")
        yield from ((server, is_settled) for is_settled in (False, True) if state in ("", _state(is_settled)))


def main(names: list[str]) -> None:
    """Measure, and print a table of Markdown."""
    django.setup()
    from demo.lab.field.urls import KINDS

    columns = list(runs(names))
    print("| kind | " + " | ".join(f"{server} {_state(is_settled)}" for server, is_settled in columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    rows: dict[str, list[str]] = {name: [] for name in KINDS}
    told, of, false = Counter[int](), Counter[int](), Counter[int]()
    for number, (server, is_settled) in enumerate(columns):
        for name, kind in KINDS.items():
            broken, clean = drive(server, [kind], is_settled=is_settled)[name]
            found = len(broken.mixed) - len(broken.missed(kind.findings))
            false[number] += len(broken.false()) * (kind.at_once == 1) + len(clean.false())
            if kind.is_seen:
                of[number] += len(broken.mixed)
                told[number] += found
            rows[name].append(f"{found} of {len(broken.mixed)}")
            print(server, _state(is_settled), name, rows[name][-1], file=sys.stderr, flush=True)
    for name, cells in rows.items():
        print(f"| `{name}` | " + " | ".join(cells) + " |")
    totals = (f"{told[number]} of {of[number]}" for number in range(len(columns)))
    print("| **what traffic can show** | " + " | ".join(totals) + " |")
    print("| **false leaks** | " + " | ".join(str(false[number]) for number in range(len(columns))) + " |")


def _state(is_settled: bool) -> str:
    return "settled" if is_settled else "cold"


if __name__ == "__main__":
    main(sys.argv[1:] or ["gthread", "uvicorn"])
