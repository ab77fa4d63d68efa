"""The dashboard does not know its own name: in the wheel it is `reqtrace.dashboard`, beside anybody's `dashboard`."""

import ast
from pathlib import Path

import pytest

import dashboard
from dashboard.apps import DashboardConfig

FILES = sorted(Path(dashboard.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_module_imports_the_dashboard_by_its_name(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module.split(".")[0] != "dashboard"
        if isinstance(node, ast.Import):
            assert not [alias for alias in node.names if alias.name.split(".")[0] == "dashboard"]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.startswith(("dashboard.", "reqtrace.dashboard."))


def test_the_app_is_named_after_where_it_stands():
    assert (DashboardConfig.name, DashboardConfig.label) == ("dashboard", "reqtrace_dashboard")
