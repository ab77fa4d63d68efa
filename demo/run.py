"""The whole demo, behind ``make demo``: the shop on three servers, traffic, the tour, and where to look.

    python -m demo.run [--seconds N] [--export FILE] [--ports GUNICORN UVICORN DAPHNE]

Runs until Ctrl-C, or for N seconds. The exit code is 1 when a part of it did not start, died or answered wrongly.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "demo.settings"

from django.conf import settings

from demo.children import Child, Died
from demo.servers import Trouble, addresses_of, require_free, shop_servers, tour_servers, wait_until_it_answers


def manage(*arguments: str) -> None:
    """Run a management command of the shop."""
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, check=False)
    if done.returncode:
        raise Trouble(f"manage.py {' '.join(arguments)} ended with exit code {done.returncode}.")


def announce(urls: list[str], logs: Path, seconds: float | None) -> None:
    """Say where to look and how to sign in."""
    gunicorn, uvicorn, daphne = urls
    until = "Ctrl-C ends it all." if seconds is None else f"It ends by itself after {seconds:g} seconds."
    print(f"""
  The tour            {daphne}/tour/   begin here
  The live page       {daphne}/reqtrace/

  The shop            {gunicorn}/   gunicorn, 2 processes of 4 threads
                      {uvicorn}/   uvicorn
                      {daphne}/   Daphne, with the live page
  Sign in as          {settings.STAFF} (may see the live page), or {", ".join(settings.CUSTOMERS)}
  Password            {settings.PASSWORD}

  In a terminal       .venv/bin/python manage.py reqtrace tail
  Logs                {os.path.relpath(logs)}
  {until}
""")
    sys.stdout.flush()


def export(path: Path, started: int) -> None:
    """Write what was traced since the start, and make sure that every server's requests are there."""
    manage("reqtrace", "export", "--format", "json", "--since", str(started), "-o", str(path))
    trace = json.loads(path.read_bytes())
    servers_by_process = {process["id"]: process["server"] for process in trace["processes"]}
    traced = {servers_by_process[request["process"]] for request in trace["requests"]}
    if missing := {"gunicorn", "uvicorn", "daphne"} - traced:
        raise Trouble(f"{path} holds no request of {', '.join(sorted(missing))}.")
    print(f"{path}: {len(trace['requests'])} requests of {', '.join(sorted(traced))}.")


def run(ports: list[int], seconds: float | None, export_to: Path | None) -> None:
    """Prepare the shop, start everything, watch it, and end it."""
    require_free(ports)
    manage("prepare")
    logs = settings.VAR_DIR / "log"
    logs.mkdir(exist_ok=True)
    started = int(time.time())
    for_tour = tour_servers(logs)
    shop = shop_servers(ports, logs, addresses_of(for_tour))
    by_url = shop | for_tour
    traffic = Child("traffic", [sys.executable, "-m", "demo.traffic", *shop], logs)
    try:
        for child in by_url.values():
            child.start()
        for url, child in by_url.items():
            wait_until_it_answers(url, child, settings.TRAFFIC_AGENT)
        traffic.start()
        announce(list(shop), logs, seconds)
        watch([*by_url.values(), traffic], seconds)
    finally:
        failed = [child for child in (traffic, *by_url.values()) if not child.stop()]
    if failed:
        raise Trouble("\n".join(f"{child.name} failed; its log {child.log} ends:\n{child.tail()}" for child in failed))
    if export_to:
        export(export_to, started)


def watch(children: list[Child], seconds: float | None) -> None:
    """Return after `seconds`, or on Ctrl-C or SIGTERM; raise when a child dies before."""
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while deadline is None or time.monotonic() < deadline:
            for child in children:
                child.require_alive()
            time.sleep(0.2)
    except KeyboardInterrupt:
        print("\nEnding.")


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, help="end by itself after so many seconds")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the trace there at the end")
    parser.add_argument("--ports", type=int, nargs=3, default=[8001, 8002, 8003], metavar="PORT")
    options = parser.parse_args()
    # SIGINT, too: what a shell starts in the background begins with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        run(options.ports, options.seconds, options.export)
    except (Trouble, Died) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
