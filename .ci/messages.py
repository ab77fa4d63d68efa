"""Collects what page, templates and panel say, merges it into the catalogs of `reqtrace/locale`, and compiles them.

python .ci/messages.py [TREE]    (`make messages`; needs gettext's commands, and Node)
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages

CHECKOUT = Path(__file__).resolve().parent.parent
LAYOUT = ["--no-wrap", "--add-location=file"]
MERGE = ["--quiet", "--backup=none", "--update", "--no-fuzzy-matching"]
ELSEWHERE = ["tests", "demo", "benchmarks", "docs", "static", "artifacts", "build", "dist", ".*"]
"""What no user of the package sees, and what says its words elsewhere."""


class Collect(makemessages.Command):
    """Django's own command, which guesses no translation."""

    msgmerge_options = MERGE


def collect(tree: Path) -> None:
    """Bring every catalog below a tree up to date with what is said there, and by the page of this checkout."""
    catalogs = tree / "reqtrace" / "locale"
    languages = sorted(path.name for path in catalogs.iterdir())
    settings.configure(LOCALE_PATHS=[str(catalogs)], INSTALLED_APPS=[])
    django.setup()
    call_command(
        Collect(), locale=languages, domain="django", ignore_patterns=ELSEWHERE, verbosity=0,
        no_wrap=True, add_location="file", no_obsolete=True,
    )  # fmt: skip
    template = _run([str(CHECKOUT / ".ci" / "npm"), "run", "--silent", "messages"])
    with tempfile.NamedTemporaryFile("w", suffix=".pot", encoding="utf-8") as page:
        page.write(template)
        page.flush()
        for language in languages:
            folder = catalogs / language / "LC_MESSAGES"
            po = str(folder / "djangojs.po")
            _run(["msgmerge", *MERGE, *LAYOUT, po, page.name])
            _run(["msgattrib", "--no-obsolete", *LAYOUT, "-o", po, po])
            for domain in ("django", "djangojs"):
                _run(["msgfmt", "--check-format", "-o", str(folder / f"{domain}.mo"), str(folder / f"{domain}.po")])


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    tree = Path(sys.argv[1] if sys.argv[1:] else CHECKOUT).resolve()
    os.chdir(tree)
    collect(tree)
