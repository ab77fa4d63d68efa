"""Installs the wheel into an empty environment and uses it there, in a project with a `dashboard` app of its own.

python .ci/smoke.py dist/django_reqtrace-*.whl
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
NAME, PASSWORD = "gardener", "only for the smoke test"
MAKE_ACCOUNT = f"""
from django.contrib.auth.models import User
User.objects.create_user({NAME!r}, password={PASSWORD!r}, is_staff=True)
"""


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
"""Keeps cookies, so that it stays signed in."""


def fetch(url: str, form: dict[str, str] | None = None, seconds: float = 30) -> str:
    """Return a page, as soon as its server answers."""
    body = None if form is None else urllib.parse.urlencode(form).encode()
    deadline = time.monotonic() + seconds
    while True:
        try:
            with browser.open(url, body, timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Project:
    """The throw-away project and the environment that it runs in."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        """Make the environment from the wheel, and copy the project."""
        self.folder = folder / "project"
        shutil.copytree(CHECKOUT / ".ci" / "project", self.folder)
        venv.create(folder / "venv", with_pip=True)
        self.python = folder / "venv" / "bin" / "python"
        # Nothing of the caller's environment may lead back into the checkout.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel.resolve()}[dashboard]")

    def run(self, *arguments: str) -> None:
        """Run Python in the project; raise when it fails."""
        subprocess.run([self.python, *arguments], cwd=self.folder, env=self.environment, check=True)

    @contextlib.contextmanager
    def serving(self, *arguments: str) -> Iterator[None]:
        """Run a server in the project meanwhile."""
        server = subprocess.Popen([self.python, *arguments], cwd=self.folder, env=self.environment)
        try:
            yield
        finally:
            server.terminate()
            server.wait(20)


def main(wheel: Path) -> None:
    """Check, serve, trace, export and look at the page."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), wheel)
        project.run("manage.py", "check")
        project.run("manage.py", "migrate", "--verbosity", "0")
        project.run("manage.py", "shell", "-c", MAKE_ACCOUNT)

        port = free_port()
        with project.serving("-m", "daphne", "--port", str(port), "garden.asgi:application"):
            modules = json.loads(fetch(f"http://127.0.0.1:{port}/dashboard/"))
        ours = [f"{name} from {file}" for name, file in modules.items() if Path(file).is_relative_to(CHECKOUT)]
        assert not ours, f"imported from the checkout: {ours}"
        assert Path(modules["dashboard"]).is_relative_to(project.folder), "the project's own dashboard was not used"
        assert "reqtrace.dashboard" in modules, "the wheel's dashboard was not used"

        project.run("manage.py", "reqtrace", "export", "-o", "trace.json")
        requests = json.loads((project.folder / "trace.json").read_bytes())["requests"]
        assert [request["path"] for request in requests] == ["/dashboard/"], requests

        port = free_port()
        with project.serving("manage.py", "reqtrace", "dashboard", "--port", str(port)):
            form = fetch(f"http://127.0.0.1:{port}/")
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
            assert token, form
            account = {"username": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
            page = fetch(f"http://127.0.0.1:{port}/sign-in/", account)
            script = fetch(f"http://127.0.0.1:{port}/reqtrace/assets/app.js")
        assert 'id="reqtrace-config"' in page, page
        assert len(script) > 10_000, f"app.js has only {len(script)} characters"
        print(f"The wheel works by itself: {len(modules)} modules, none of the checkout, and the page.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
