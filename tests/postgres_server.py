"""A PostgreSQL server of the tests' own, as long as a block runs."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def running() -> Iterator[int]:
    """Run a server that lets everybody on this machine in as ``postgres``; yield its port."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or shutil.which("runuser") is None:
        pytest.skip("PostgreSQL's server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    directory = Path(subprocess.check_output(["runuser", "-u", "postgres", "--", "mktemp", "-d"], text=True).strip())

    def run(*command: str) -> None:
        subprocess.run(["runuser", "-u", "postgres", "--", *command], check=True, capture_output=True, cwd="/")

    run(f"{programs[-1]}/initdb", "-D", f"{directory}/data", "-A", "trust", "-N")
    options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(f"{programs[-1]}/pg_ctl", "-D", f"{directory}/data", "-l", f"{directory}/log", "-w", "-o", options, "start")
    try:
        yield port
    finally:
        run(f"{programs[-1]}/pg_ctl", "-D", f"{directory}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(directory, ignore_errors=True)
