"""Lines around a place: of the project and its libraries alone, and only what surely ran."""

import os
import sys
import time
from pathlib import Path

import django
import pytest

from reqtrace.code.excerpts import excerpt

LATER = time.time_ns() + 10**15


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.py"
    path.write_text("\n".join(f"line = {number}" for number in range(1, 11)))
    return path


def test_the_lines_around_a_place_are_shown_with_the_number_of_the_first(file: Path) -> None:
    assert excerpt(str(file), 5, LATER, [file.parent]) == (2, tuple(f"line = {number}" for number in range(2, 9)), None)
    assert excerpt(str(file), 1, LATER, [file.parent]).lines == tuple(f"line = {number}" for number in range(1, 5))


def test_a_file_that_has_changed_since_the_process_began_is_not_shown(file: Path) -> None:
    began = time.time_ns()
    assert excerpt(str(file), 5, began + 10**9, [file.parent]).missing is None
    assert excerpt(str(file), 5, began - 10**12, [file.parent]).missing == "changed"
    os.utime(file, ns=(1, 1))  # as one that was unpacked in its place
    assert excerpt(str(file), 5, began - 10**12, [file.parent]).missing == "changed"
    assert excerpt(str(file), 11, LATER, [file.parent]).missing == "changed"


def test_nothing_outside_the_project_and_its_libraries_is_shown(file: Path, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    link = tmp_path / "inside" / "shop.py"
    link.symlink_to(file)
    for path in (str(file), str(link), str(tmp_path / "inside" / ".." / "shop.py")):
        assert excerpt(path, 5, LATER, [tmp_path / "inside"]).missing == "outside"
    assert excerpt("/etc/passwd", 1, LATER).missing == "outside"
    assert excerpt(os.__file__, 1, LATER).missing == "outside"
    assert excerpt(str(tmp_path / "nowhere.py"), 1, LATER).missing == "gone"
    assert excerpt("shop\0.py", 1, LATER).missing == "gone"


def test_libraries_and_the_project_are_shown_by_themselves_and_settings_never() -> None:
    assert excerpt(str(django.__file__), 1, LATER).missing is None
    assert excerpt(__file__, 1, LATER).lines[0].startswith('"""Lines around')
    settings = str(sys.modules["tests.settings"].__file__)
    assert excerpt(settings, 1, LATER).missing == "outside"
