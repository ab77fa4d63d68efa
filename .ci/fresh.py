"""Tries the wheel in fresh projects: two people, a leak that is found, its mend, and the page in a real browser.

python .ci/fresh.py dist/django_reqtrace-*.whl [NAME...]
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
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests import postgres_server

WSGI = ("gunicorn", "gunicorn --bind 127.0.0.1:{port} --threads 2 fresh.wsgi")
ASGI = ("uvicorn", "uvicorn --port {port} fresh.asgi:application")
ROUNDS = 4
"""So often everybody asks: a server's threads have served somebody before a visitor comes, or have not."""
LEAKY = """
import threading

_kept = threading.local() if {is_wsgi} else type("Kept", (), {{}})


def remember(get_response):
    def middleware(request):
        if request.user.is_authenticated:
            _kept.user = request.user
        return get_response(request)

    return middleware


def current():
    return getattr(_kept, "user", "nobody")
"""
MENDED = """
from contextvars import ContextVar

_kept = ContextVar("kept", default="nobody")


def remember(get_response):
    def middleware(request):
        token = _kept.set(request.user if request.user.is_authenticated else "nobody")
        try:
            return get_response(request)
        finally:
            _kept.reset(token)

    return middleware


def current():
    return _kept.get()
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

from fresh import people


def greet(request):
    return HttpResponse(f"Hello {people.current()}!")


urlpatterns = [path("", greet)]
"""
README = """
ALLOWED_HOSTS = ["*"]
MIDDLEWARE += ["fresh.people.remember"]
INSTALLED_APPS = [*INSTALLED_APPS, "reqtrace"]
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", *MIDDLEWARE]
REQTRACE = {"SIGN_IN": "link"}
"""
PEOPLE = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
keys = {}
for name in ("alice", "bob"):
    user = get_user_model().objects.create_superuser(name, f"{name}@shop.test", "fresh")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    keys[name] = client.cookies["sessionid"].value
print("KEYS", json.dumps(keys))
"""


class Recipe(NamedTuple):
    """How a project of its kind begins."""

    packages: tuple[str, ...] = ()
    settings: str = ""
    urls: str = ""
    server: tuple[str, str] = WSGI
    files: Mapping[str, str] = {}
    prepared: tuple[str, ...] = ("python manage.py migrate --verbosity 0",)
    postgresql: bool = False
    """Whether its database is a PostgreSQL server, which libpq's environment variables name."""


def apps(*names: str) -> str:
    """Return the line of the settings that adds apps."""
    return f"INSTALLED_APPS += {list(names)!r}\n"


NINJA = """
from ninja import NinjaAPI

api = NinjaAPI()


@api.get("/greet")
def greet_api(request):
    return f"Hello {people.current()}!"


urlpatterns = [path("", greet), path("api/", api.urls)]
"""
REST = """
from rest_framework.decorators import api_view
from rest_framework.response import Response


@api_view(["GET"])
def greet(request):
    return Response(f"Hello {people.current()}!")


urlpatterns = [path("", greet)]
"""
WAGTAIL = apps(
    *("wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.embeds", "wagtail.sites", "wagtail.users"),
    *("wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail"),
    *("modelcluster", "taggit"),
)
WAGTAIL += 'MIDDLEWARE += ["wagtail.contrib.redirects.middleware.RedirectMiddleware"]\nWAGTAIL_SITE_NAME = "fresh"\n'
WAGTAIL += 'WAGTAILADMIN_BASE_URL = "http://127.0.0.1"\n'
ALLAUTH = apps("django.contrib.sites", "allauth", "allauth.account") + "SITE_ID = 1\n"
ALLAUTH += 'MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]\n'
CMS = apps("django.contrib.sites", "cms", "menus", "treebeard") + 'SITE_ID = 1\nLANGUAGES = [("en", "English")]\n'
CMS += 'LANGUAGE_CODE = "en"\nX_FRAME_OPTIONS = "SAMEORIGIN"\nCMS_CONFIRM_VERSION4 = True\n'
CMS += 'MIDDLEWARE += ["django.middleware.locale.LocaleMiddleware", "cms.middleware.user.CurrentUserMiddleware"]\n'
CMS += 'TEMPLATES[0]["OPTIONS"]["context_processors"] += ["django.template.context_processors.i18n"]\n'
OSCAR = """
from oscar.defaults import *

SITE_ID = 1
PARTS = "analytics checkout address shipping catalogue communication partner basket payment offer order customer search"
PARTS += " voucher wishlists dashboard"
DESKS = "reports users orders catalogue offers partners pages ranges reviews vouchers communications shipping"
INSTALLED_APPS += ["django.contrib.sites", "django.contrib.flatpages", "oscar.config.Shop"]
INSTALLED_APPS += ["oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig"]
INSTALLED_APPS += [f"oscar.apps.{name}.apps.{name.title()}Config" for name in PARTS.split()]
INSTALLED_APPS += [f"oscar.apps.dashboard.{name}.apps.{name.title()}DashboardConfig" for name in DESKS.split()]
INSTALLED_APPS += ["widget_tweaks", "haystack", "treebeard", "sorl.thumbnail", "django_tables2"]
MIDDLEWARE += ["oscar.apps.basket.middleware.BasketMiddleware"]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend", "django.contrib.auth.backends.ModelBackend"
]
"""
TENANTS = """
DATABASES = {"default": {"ENGINE": "django_tenants.postgresql_backend", "NAME": "postgres"}}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
SHARED_APPS = INSTALLED_APPS = ["django_tenants", "shops", *INSTALLED_APPS]
TENANT_APPS = ["django.contrib.contenttypes"]
TENANT_MODEL, TENANT_DOMAIN_MODEL = "shops.Shop", "shops.Address"
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *MIDDLEWARE]
"""
SHOPS = """
from django_tenants.models import DomainMixin, TenantMixin


class Shop(TenantMixin):
    pass


class Address(DomainMixin):
    pass
"""
SHOPS_OPEN = """
from shops.models import Address, Shop

for schema, host in (("public", "www.shop.test"), ("acme", "127.0.0.1")):
    shop = Shop(schema_name=schema)
    shop.save(verbosity=0)
    Address.objects.create(domain=host, tenant=shop, is_primary=True)
"""
RECIPES = {
    "startproject-wsgi": Recipe(),
    "startproject-asgi": Recipe(server=ASGI),
    "drf": Recipe(("djangorestframework",), apps("rest_framework"), REST),
    "ninja": Recipe(("django-ninja",), "", NINJA, ASGI),
    "allauth": Recipe(("django-allauth",), ALLAUTH),
    "channels": Recipe(
        ("channels[daphne]",), apps("channels"), "", ("daphne", "daphne --port {port} fresh.asgi:application")
    ),
    "wagtail": Recipe(("wagtail",), WAGTAIL),
    "django-cms": Recipe(("django-cms", "django-sekizai"), CMS + apps("sekizai")),
    "oscar": Recipe(("django-oscar", "sorl-thumbnail"), OSCAR),
    "tenants": Recipe(
        ("django-tenants", "psycopg[binary]"),
        TENANTS,
        files={"shops/__init__.py": "", "shops/models.py": SHOPS, "shops_open.py": SHOPS_OPEN},
        prepared=(
            "python manage.py makemigrations shops --verbosity 0",
            "python manage.py migrate_schemas --shared --verbosity 0",
            "python manage.py shell -v0 -c 'exec(open(\"shops_open.py\").read())'",
        ),
        postgresql=True,
    ),
}


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Project:
    """A fresh project in an environment of its own."""

    def __init__(self, folder: Path, wheel: Path, recipe: Recipe, database: Mapping[str, str]) -> None:
        """Make both."""
        self.folder, self.recipe = folder / "project", recipe
        self.folder.mkdir()
        venv.create(folder / "venv", with_pip=True)
        programs = folder / "venv" / "bin"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO", "VIRTUAL"))
        }
        self.environment = {**kept, **database, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        needs = [f"{wheel.resolve()}[dashboard]", recipe.server[0], *recipe.packages]
        self.run(f"pip install --quiet --disable-pip-version-check {' '.join(map(json.dumps, needs))}")
        self.run("django-admin startproject fresh .")
        with (self.folder / "fresh" / "settings.py").open("a") as stream:
            stream.write(recipe.settings + README)
        (self.folder / "fresh" / "urls.py").write_text(URLS + recipe.urls)
        for name, text in recipe.files.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)
        self.keep(LEAKY.format(is_wsgi=recipe.server is WSGI))
        self.run("python manage.py check --fail-level ERROR")
        for command in recipe.prepared:
            self.run(command)
        (self.folder / "people_come.py").write_text(PEOPLE)
        said = self.run("python manage.py shell -v0 -c 'exec(open(\"people_come.py\").read())'")
        self.keys: dict[str, str] = json.loads(said.partition("KEYS ")[2])

    def keep(self, people: str) -> None:
        """Write how the project keeps who is there."""
        (self.folder / "fresh" / "people.py").write_text(people)

    def run(self, command: str, code: int = 0) -> str:
        """Type a command; return what it printed."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def serving(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """Run something meanwhile."""
        server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield server
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.communicate(timeout=20)
            server.kill()

    def let_people_come(self) -> list[str]:
        """Start the server and ask as alice, bob and somebody who is not signed in; return what each was told."""
        port = free_port()
        with self.serving(self.recipe.server[1].format(port=port)):
            told = [ask(port, self.keys.get(name)) for _ in range(ROUNDS) for name in ("alice", "bob", "nobody")]
            time.sleep(1)
        return told


def ask(port: int, key: str | None) -> str:
    """Ask for the page as soon as the server answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/")
    if key is not None:
        request.add_header("Cookie", f"sessionid={key}")
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return re.sub(r'[!"]|Hello ', "", answer.read().decode())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()[:2_000]) from error
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def look(project: Project, picture: Path) -> None:
    """Open the page in a real browser, and read the card of the leak there."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium is not None, "Chromium is missing: apt-get install chromium"
    with project.serving(f"python -u manage.py reqtrace dashboard --no-browser --port {free_port()}") as dashboard:
        assert dashboard.stdout is not None
        link = next(found[0] for line in dashboard.stdout if (found := re.search(r"http://\S+", line)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=[] if os.geteuid() else ["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(link)
            if page.locator("#reqtrace-config").count() == 0:  # the link asks once more
                page.get_by_role("button").first.click()
            page.locator("#reqtrace-config").wait_for(state="attached", timeout=30_000)
            page.evaluate("location.hash = '#view=findings'")
            expect(page.locator(".story")).to_contain_text("fresh.people", timeout=30_000)
            page.screenshot(path=picture)
            browser.close()


def attempt(name: str, wheel: Path, pictures: Path) -> str:
    """Try one project; return what to say of it."""
    began = time.monotonic()
    recipe = RECIPES[name]
    with contextlib.ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix=f"fresh-{name}-"))
        database = {"PGHOST": "127.0.0.1", "PGUSER": "postgres"} if recipe.postgresql else {}
        if recipe.postgresql:
            database["PGPORT"] = str(running.enter_context(postgres_server.running()))
        project = Project(Path(folder), wheel, recipe, database)
        told = project.let_people_come()
        assert set(told[2::3]) != {"nobody"}, f"no visitor was taken for anybody: {told}"
        groups = json.loads(project.run("python manage.py reqtrace findings --json", code=1))
        leaks = [group for group in groups if group["level"] == "leak"]
        (holder,) = {group["holder"] for group in leaks}
        assert holder in ("fresh.people._kept.user", "fresh.people.Kept.user"), holder
        look(project, pictures / f"{name}.png")
        project.keep(MENDED)
        project.run("python manage.py reqtrace purge --yes")
        told = project.let_people_come()
        assert told == ["alice", "bob", "nobody"] * ROUNDS, told
        assert json.loads(project.run("python manage.py reqtrace findings --json")) == []
    return f"{name}: {leaks[0]['count']} times told, then mended; {time.monotonic() - began:.0f} s"


def main(wheel: Path, names: list[str]) -> int:
    """Try them all; return the exit code."""
    pictures = Path("artifacts") / "fresh"
    pictures.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names or RECIPES:
        try:
            print(attempt(name, wheel, pictures), flush=True)
        except Exception as error:
            failed += 1
            print(f"{name}: FAILED: {error}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
