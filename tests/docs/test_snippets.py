"""Every snippet of README and documentation is run: commands in a project, Python with what it speaks of around it."""

import ast
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import unittest
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.checks import run_checks
from django.test import TestCase, override_settings
from django.urls import include, path
from django.utils.module_loading import import_string

import reqtrace
from reqtrace.records import Trace
from reqtrace.signals import finding_recorded
from tests.docs.blocks import BLOCKS, ROOT, Block
from tests.factories import finding
from tests.otlp_receiver import Receiver
from tests.programs import end, run_program

TRIED_ELSEWHERE = {"docs/tutorial.md": "tests/docs/test_tutorial.py"}
SHOWN = {"", "{toctree}"}
"""Languages of blocks that are shown, and not run: pictures of text, what a command prints, the list of pages."""
PRINTED_BY_ITSELF = {
    "python manage.py lab --markdown docs/servers.md docs/findings.md",
    "python manage.py lab_workers --markdown docs/servers.md",
}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PLUGIN = "-p reqtrace.pytest_plugin -p no:cacheprovider -p no:randomly"
"""The wheel brings the plugin by its entry point, which a checkout has none of."""
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
HERE = [block for block in BLOCKS if block.page not in TRIED_ELSEWHERE]
COMMANDS = [(block.name, typed) for block in HERE if block.language == "console" for typed, _ in block.commands]
PYTHON = [block for block in HERE if block.language == "python" and "reqtrace_allow" not in block.text]
MARKED = [block for block in HERE if block.language == "python" and "reqtrace_allow" in block.text]
TYPED = [block for block in HERE if block.language == "console" and "manage.py" in block.text]
PEOPLE = """
import django; django.setup()
from django.core.management import call_command
from django.contrib.auth.models import User
from django.test import Client
call_command("migrate", verbosity=0)
for name in ("alice", "bob"):
    User.objects.create_user(name, f"{name}@shop.test", is_staff=True)
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username=name))
    for page in ("/orders/", "/profile/", "/checkout/"):
        assert client.get(page).status_code == 200
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

def greet(request):
    return HttpResponse(f"Hello {request.user}!")

urlpatterns = [path(name, greet) for name in ("orders/", "profile/", "checkout/")]
"""
SETTINGS = """
INSTALLED_APPS = [*INSTALLED_APPS, "reqtrace"]
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", *MIDDLEWARE]
"""


class Project:
    """A project as people have one, with traces of two people."""

    def __init__(self, folder: Path) -> None:
        """Make it."""
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "REQTRACE"))}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = kept | {"PATH": programs, "PYTHONPATH": str(ROOT), "BROWSER": "true"}
        assert self.run("django-admin startproject myproject .")[0] == 0
        with (folder / "myproject" / "settings.py").open("a") as stream:
            stream.write(SETTINGS)
        (folder / "myproject" / "urls.py").write_text(URLS)
        (folder / "tests").mkdir()
        (folder / "tests" / "test_pages.py").write_text("def test_a_page(client):\n    client.get('/missing/')\n")
        (folder / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = myproject.settings\npythonpath = .\n")
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "myproject.settings"}
        subprocess.run([sys.executable, "-c", PEOPLE], cwd=folder, env=environment, check=True)

    def run(self, command: str) -> tuple[int, str]:
        """Type a command; return exit code and all that it printed."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=150,
        )
        return done.returncode, done.stdout

    def serve(self, command: str) -> str:
        """Start what runs until Ctrl-C; return the line that says where it is, and end it."""
        program = ["bash", "-c", f"exec {command} --port 0"]
        server = subprocess.Popen(
            program, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            assert server.stdout is not None
            return next((line for line in server.stdout if "http://" in line), "")
        finally:
            end(server)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the project once."""
    return Project(tmp_path_factory.mktemp("snippets"))


def uncommented(typed: str) -> str:
    """Return a command without what is said about it."""
    return re.sub(r"\s+#.*", "", typed)


def test_every_block_is_of_a_kind_that_is_run_here() -> None:
    known = {"console", "python", "yaml", "ini", "jsonc", *SHOWN}
    assert {block.name: block.language for block in HERE if block.language not in known} == {}
    for block in HERE:
        if block.language == "" and "manage.py" in block.text:
            assert block.text.strip() in PRINTED_BY_ITSELF, block.name
    for name, typed in COMMANDS:
        assert re.match(r"pip install|pytest |make |python manage\.py reqtrace ", typed), f"{name}: {typed}"


@pytest.mark.server
@pytest.mark.parametrize("block", TYPED, ids=lambda block: block.name)
@pytest.mark.timeout(600)
def test_commands_do_in_a_project_what_the_page_says(project: Project, block: Block) -> None:
    for typed, _ in block.commands:
        if "manage.py" in typed:
            _run(project, uncommented(typed))


def _run(project: Project, command: str) -> None:
    if re.search(r"reqtrace (dashboard|open)", command):
        assert "http://127.0.0.1:" in project.serve(command), command
        return
    if "reqtrace ship" in command:
        receiver = Receiver()
        try:
            code, said = project.run(command.replace("http://localhost:4318", receiver.url) + " --once")
            assert (code, bool(receiver.taken)) == (0, True), said
        finally:
            receiver.close()
        return
    if "reqtrace prove" in command:
        command += " --seconds 10"
    if "reqtrace stress" in command:
        command += " --seconds 4 --throwaway"
    code, said = project.run(command)
    assert code == 0, said
    for file in re.findall(r"(?:-o|>) (\w\S*)", command):
        assert (project.folder / file).stat().st_size, command


@pytest.mark.server
@pytest.mark.parametrize("typed", [typed for _, typed in COMMANDS if typed.startswith("pytest")])
def test_pytest_runs_as_the_page_says(project: Project, typed: str) -> None:
    code, said = project.run(f"{uncommented(typed)} {PLUGIN}")
    assert code == 0, said


@pytest.mark.server
@pytest.mark.parametrize("block", MARKED, ids=lambda block: block.name)
def test_a_test_that_a_page_shows_is_one(project: Project, block: Block) -> None:
    (project.folder / "tests" / "test_shown.py").write_text(f"import pytest\n\n{block.text}")
    code, said = project.run(f"pytest tests/test_shown.py --strict-markers {PLUGIN}")
    assert (code, "1 passed" in said) == (0, True), said


@pytest.mark.parametrize("typed", [typed for _, typed in COMMANDS if typed.startswith(("pip", "make"))])
def test_what_is_installed_or_made_is_there(typed: str) -> None:
    if typed.startswith("make"):
        assert typed.split()[1] in TARGETS
        return
    wanted = re.fullmatch(r'pip install "([\w-]+)\[(\w+)\]"', typed)
    assert wanted is not None
    assert wanted[1] == PYPROJECT["project"]["name"]
    assert wanted[2] in PYPROJECT["project"]["optional-dependencies"]


MODULES = {
    "myproject.access": {"may_see_traces": lambda user, request_or_scope: False},
    "myapp.middleware": {"_thread_locals": threading.local()},
    "myapp.tenancy": {"current_tenant_user": ContextVar("current_tenant_user")},
    "myapp.auth": {"get_current_user": lambda: None},
}
"""What stands in the project that the pages speak of."""


@pytest.fixture
def spoken_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Return the names that snippets use and other parts of a page, or of a project, have brought."""
    for name, held in MODULES.items():
        monkeypatch.setitem(sys.modules, name.partition(".")[0], SimpleNamespace(__path__=[]))
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**held))
    sent: list[object] = []
    receivers = list(finding_recorded.receivers)
    order = SimpleNamespace(customer=1)
    yield {
        "TestCase": TestCase,
        "pytest": pytest,
        "path": path,
        "include": include,
        "reqtrace": reqtrace,
        "application": lambda scope, receive, send: None,
        "_thread_locals": threading.local(),
        "order": order,
        "send_invoice": sent.append,
        "customer_of": lambda order_id: order_id,
        "page_somebody": lambda *words: sent.append(words),
        "sent": sent,
    }
    finding_recorded.receivers[:] = receivers
    finding_recorded.sender_receivers_cache.clear()


def filled(value: Any, before: Any) -> Any:
    """Return a setting in which dots stand for what was there before."""
    if isinstance(value, list) and ... in value:
        return list(dict.fromkeys(one for item in value for one in (before if item is ... else [item])))
    return value


@pytest.mark.django_db
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_python_runs(block: Block, spoken_of: dict[str, Any]) -> None:
    if "patch_all" in block.text:  # which goes for a whole process
        run_program(block.text)
        return
    text = block.text.replace("reqtrace.dashboard", "dashboard")  # as it is called in the checkout
    text = re.sub(r"\{\.\.\., ", "{", text)
    tree = ast.parse(text)
    assigned = [
        one.targets[0].id for one in tree.body if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    ]
    names = [name for name in assigned if name.isupper()]
    exec(compile(tree, block.name, "exec"), spoken_of)
    if names:
        changed = {name: filled(spoken_of[name], getattr(settings, name, [])) for name in names}
        for processor in changed.pop("TEMPLATES", [{"OPTIONS": {}}])[0]["OPTIONS"].get("context_processors", [])[1:]:
            assert callable(import_string(processor))
        assert set(changed.pop("LOGGING", {}).get("loggers", {})) <= {"reqtrace.findings"}
        with override_settings(**changed):
            problems = [one for one in run_checks(tags=["reqtrace"]) if one.id and one.id.startswith("reqtrace.E")]
        assert problems == []
    for value in list(spoken_of.values()):
        if isinstance(value, type) and issubclass(value, TestCase) and value is not TestCase:
            outcome = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(value).run(outcome)
            assert outcome.testsRun
            assert outcome.wasSuccessful(), outcome.failures + outcome.errors
    if "tell" in spoken_of:
        finding_recorded.send(sender=None, finding=finding("r1"))
        assert len(spoken_of["sent"]) == 1, "a leak pages somebody"


def test_what_is_no_python_can_be_read() -> None:
    for block in HERE:
        if block.language == "yaml":
            (step,) = yaml.safe_load(block.text)
            assert step["run"] in {uncommented(typed) for _, typed in COMMANDS}
        if block.language == "jsonc":
            told = json.loads(re.sub(r"//.*", "", block.text))
            assert set(told) == set(Trace.__struct_fields__)
