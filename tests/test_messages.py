"""What is said in other languages: all of it, with the same values in it, and compiled as it stands."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import language

ROOT = Path(__file__).resolve().parent.parent
LOCALE = Path("reqtrace") / "locale"
LANGUAGES = sorted(path.name for path in (ROOT / LOCALE).iterdir())
DOMAINS = ("django", "djangojs")

Catalog = dict[str | tuple[str, int], str]


def catalog(tree: Path, code: str, domain: str) -> Catalog:
    """Return what a compiled catalog says, without its header."""
    said: Catalog = dict(vars(gettext.translation(domain, tree / LOCALE, [code]))["_catalog"])
    del said[""]
    return said


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, whose catalogs hold exactly what is said today."""
    if shutil.which("msgmerge") is None:
        pytest.skip("gettext is missing: apt-get install gettext")
    if not (ROOT / "static" / "node_modules" / "vite").exists():
        pytest.skip("Vite is missing: .ci/npm ci")
    tree = tmp_path_factory.mktemp("tree")
    for package in ("reqtrace", "dashboard"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    script = [sys.executable, str(ROOT / ".ci" / "messages.py"), str(tree)]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return tree


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_that_is_said_is_translated(collected: Path, code: str, domain: str) -> None:
    po = collected / LOCALE / code / "LC_MESSAGES" / f"{domain}.po"
    missing = subprocess.run(
        ["msgattrib", "--untranslated", "--no-wrap", po], capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r'^msgid "(.+)"$', missing, re.MULTILINE) == []


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("code", LANGUAGES)
def test_the_compiled_catalogs_are_in_step(collected: Path, code: str, domain: str) -> None:
    """Where this fails, `make messages` mends it."""
    assert catalog(ROOT, code, domain) == catalog(collected, code, domain)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_has_the_values_of_its_message(code: str, domain: str) -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"\{\w+\}|%\(\w+\)[sd]", text)) - {"{n}"}  # "once" needs no number

    for message, said in catalog(ROOT, code, domain).items():
        english = message if isinstance(message, str) else message[0]
        assert values(said) == values(english), said


def test_the_page_offers_the_languages_that_there_are() -> None:
    assert sorted(language.SPOKEN) == sorted([*LANGUAGES, "en"])
