"""How much of the field is found, counted: ``python -m demo.lab.field.recall gthread uvicorn daphne gevent``.

Each kind gets a server of its own that has just been started (cold), and all together one that has settled; a request
counts as found if one of the kinds of finding that its users would expect was told of it.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable

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
                field.visit(kind, "clean", times=2)
            time.sleep(SETTLING_SECONDS)
        for kind in kinds:
            field.visit(kind, "clean")
            field.visit(kind, "broken")
        outcomes = field.outcomes()
    return {kind.name: (outcomes[kind.name, "broken"], outcomes[kind.name, "clean"]) for kind in kinds}


def main(servers: list[str]) -> None:
    """Measure, and print a table of Markdown."""
    django.setup()
    from demo.lab.field.urls import KINDS

    print("| kind | " + " | ".join(f"{server} cold | {server} settled" for server in servers) + " |")
    print("| --- |" + " --- |" * 2 * len(servers))
    rows: dict[str, list[str]] = {name: [] for name in KINDS}
    told, of, false = Counter[str](), Counter[str](), Counter[str]()
    for server in servers:
        for is_settled in (False, True):
            where = f"{server} {'settled' if is_settled else 'cold'}"
            groups = [[kind] for kind in KINDS.values()]
            if is_settled:
                groups = [[kind for kind in KINDS.values() if kind.is_declared is given] for given in (False, True)]
            for group in groups:
                for name, (broken, clean) in drive(server, group, is_settled=is_settled).items():
                    kind = KINDS[name]
                    missed = broken.missed(kind.findings)
                    false[where] += len(broken.false()) * (kind.at_once == 1) + len(clean.false())
                    if kind.is_seen:
                        of[where] += len(broken.mixed)
                        told[where] += len(broken.mixed) - len(missed)
                    rows[name].append(f"{len(broken.mixed) - len(missed)} of {len(broken.mixed)}")
                    print(where, name, rows[name][-1], sorted(missed), file=sys.stderr, flush=True)
    for name, cells in rows.items():
        print(f"| `{name}` | " + " | ".join(cells) + " |")
    for what, counted in (("found of what traffic can show", told), ("of", of), ("false leaks", false)):
        cells = [str(counted[f"{server} {state}"]) for server in servers for state in ("cold", "settled")]
        print(f"| **{what}** | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(sys.argv[1:] or ["gthread", "uvicorn"])
