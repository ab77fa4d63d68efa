"""The tutorial, done as it stands there: each file written, each command typed, each answer as it is said."""

import http.cookiejar
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import eventually
from tests.docs.blocks import ROOT, blocks_of
from tests.programs import end

TUTORIAL = ROOT / "docs" / "tutorial.md"
ENDS_WITH_1 = ("reqtrace findings", "reqtrace doctor", "reqtrace prove /")
"""What fails as long as the leak is not mended."""


class Desk:
    """A terminal in an empty folder, a server that it starts, and a browser that stays signed in."""

    def __init__(self, folder: Path, port: int) -> None:
        """Begin."""
        self.folder = folder
        self.port = port
        self.server: subprocess.Popen[str] | None = None
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.environment = kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
        }

    @property
    def url(self) -> str:
        """Where the server of the tutorial listens here."""
        return f"http://127.0.0.1:{self.port}/"

    def type(self, command: str) -> tuple[int, str]:
        """Type a command; return exit code and what it printed."""
        if command.startswith(("python3 -m venv", "pip install")):
            return 0, ""  # the environment is this one; the wheel is tried elsewhere
        if command.startswith("gunicorn"):
            self.stop()
            self.server = self.start(command)
            eventually(self.answers, 30)
            return 0, ""
        if command.endswith("reqtrace dashboard"):
            dashboard = self.start(f"{command} --no-browser --port 0")
            assert dashboard.stdout is not None
            said = next(line for line in dashboard.stdout if "http://" in line)
            end(dashboard)
            return 0, said
        command = command.replace("http://127.0.0.1:8000/", self.url)
        command = command.replace("mkdir hello && cd hello", "true")
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start something that runs until it is ended."""
        return subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop(self) -> None:
        """Press Ctrl-C where the server runs."""
        if self.server is not None:
            end(self.server)
            self.server = None

    def answers(self) -> bool:
        """Tell whether the server does."""
        try:
            return bool(self.open(""))
        except urllib.error.URLError:
            return False

    def open(self, path: str, form: dict[str, str] | None = None) -> str:
        """Open a page in the browser."""
        body = None if form is None else urllib.parse.urlencode(form).encode()
        with self.browser.open(self.url + path, body, timeout=10) as answer:
            return str(answer.read().decode())

    def sign_in(self) -> None:
        """Sign in as the tutorial says."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.open("admin/login/"))
        assert token is not None
        form = {"username": "alice", "password": "hello", "csrfmiddlewaretoken": token[1]}
        self.open("admin/login/?next=/", form)


@pytest.mark.server
@pytest.mark.timeout(600)
def test_the_tutorial_does_what_it_says(tmp_path: Path, unused_tcp_port: int) -> None:
    desk = Desk(tmp_path, unused_tcp_port)
    mended = False
    try:
        for block in blocks_of(TUTORIAL):
            if block.language == "python":
                assert block.write(tmp_path), block.name
                mended = mended or "finally" in block.text
            for command, said in block.commands:
                code, output = desk.type(command)
                fails = not mended and command.endswith(ENDS_WITH_1)
                assert code == int(fails), f"{block.name}: {command}\n{output}"
                assert not said or output == said, f"{block.name}: {command}"
                if command.startswith("gunicorn"):
                    desk.sign_in()
                    assert desk.open("") == "Hello alice!\n"
                if command.endswith("findings"):
                    assert ("hello.people._local.user" in output) is not mended
                if command.startswith("curl"):
                    time.sleep(1)  # what was asked is written within that
    finally:
        desk.stop()


def test_every_block_of_the_tutorial_is_a_file_or_commands() -> None:
    assert {block.language for block in blocks_of(TUTORIAL)} == {"console", "python"}
    assert all(block.commands for block in blocks_of(TUTORIAL) if block.language == "console")
