"""Known holders against the real libraries: found, understood, read without a trace, and judged rightly."""

import functools
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.programs import ROOT
from tests.watching.holders.libraries import LIBRARIES

INTERFACES = ("wsgi", "asgi")


@functools.cache
def seen_with(library: str) -> dict[str, Any]:
    """Return what the project with that library in it has seen."""
    command = [sys.executable, "-m", "tests.watching.holders.project", library]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert seen["fault"] is None
    return seen


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_holders_of_a_loaded_library_are_found_by_path_and_kind(name: str) -> None:
    assert seen_with(name)["holders"] == [[path, kind] for path, kind, _ in LIBRARIES[name].holders]


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_holder_names_the_request_or_its_user_in_the_view(name: str, interface: str) -> None:
    assert seen_with(name)[interface]["named"] == {path: named for path, _, named in LIBRARIES[name].holders}


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_is_a_finding_exactly_where_it_keeps_what_it_should_have_cleared(name: str, interface: str) -> None:
    library, seen = LIBRARIES[name], seen_with(name)[interface]
    assert seen["requests"] == 7
    kinds = {(kind, level, holder) for kind, level, holder, _ in seen["findings"]}
    if interface not in library.leaks_under:
        assert kinds == set()
        return
    holder = library.holders[0][0]
    assert kinds == {("leftover", "hazard", holder), ("crossed", "leak", holder)}
    crossed = {path for kind, _, _, path in seen["findings"] if kind == "crossed"}
    assert crossed == {"/early/"}  # where it is asked before it is set again


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("name", LIBRARIES)
def test_reading_adds_no_query_and_no_vary(name: str, interface: str) -> None:
    seen = seen_with(name)[interface]
    assert seen["costs"] == seen["bare"]
