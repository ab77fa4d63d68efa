"""Which kinds of the field `prove` refutes, and whose twins hold: ``python -m demo.lab.field.proofs [KIND ...]``.

Each page is asked for by itself, without its twin, as somebody would who names it to the command.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import django

from demo.lab.field.drive import prepared
from demo.lab.servers import ROOT

SECONDS = 90
"""How long a proof may take."""


def prove(path: str, environment: dict[str, str], report: Path) -> tuple[str, float]:
    """Return what `prove` says of a page, and how many seconds it took.

    Raises:
        subprocess.CalledProcessError: where it says neither.

    """
    began = time.monotonic()
    command = [sys.executable, "-m", "django", "reqtrace", "prove", path, "--server", "wsgi", "--json", str(report)]
    done = subprocess.run(
        [*command, "--seconds", str(SECONDS)], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return json.loads(report.read_text())["verdict"], time.monotonic() - began


def main(names: list[str]) -> None:
    """Prove, and print a table of Markdown."""
    django.setup()
    from demo.lab.field.urls import KINDS

    print("| kind | broken | clean |\n| --- | --- | --- |")
    with TemporaryDirectory(prefix="reqtrace-field-") as name:
        environment = os.environ | prepared(Path(name))[0]
        for kind in names or KINDS:
            cells = []
            for way in ("broken", "clean"):
                verdict, seconds = prove(f"/{kind}/{way}/k/", environment, Path(name) / "report.json")
                cells.append(f"{verdict}, {seconds:.0f} s")
            print(f"| `{kind}` | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
