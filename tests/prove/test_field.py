"""The cases from the field: what a page shows of them is refuted within a minute, and what is mended holds."""

from collections.abc import Iterator

import pytest

from tests.prove.running import Project

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
SECONDS = 60
PATIENCE = 200
"""What a machine may take that others use, too."""
MORE = """
from django.contrib.auth.models import Group
from guardian.shortcuts import assign_perm
from sitetree.models import Tree, TreeItem
tree = Tree.objects.create(alias="main", title="Main")
TreeItem.objects.create(title="Start", url="/f1/menu/", tree=tree, alias="trunk")
assign_perm("auth.change_group", User.objects.get(username="alice"), Group.objects.create(name="editors"))
"""
REFUTED = {
    "f2": ("wsgi", "leaks", "a view object in the URLconf is written to by one and read by another"),
    "f4": ("wsgi", "leaks", "a checker decides for whoever came first"),
    "f5": ("wsgi", "leaks", "a thread of a pool remembers its first user"),
    "f6": ("wsgi", "leaks", "an attribute that comes with the first request"),
    "f7": ("wsgi", "leaks", "a class remembers who is signed in"),
    "f8": ("wsgi", "leaks", "a page that greets comes out of the cache"),
    "f9": ("asgi", "leaks", "a context is left bound, and the connection's next request gets it"),
    "f10": ("wsgi", "leaks", "two share a slot that each of them sets and takes away"),
    "f12": ("wsgi", "leaks", "the session says one, the token another"),
    "f14": ("wsgi", "leaks", "a fragment without the user in its key"),
    "f15": ("asgi", "leaks", "a loader for all, by id alone"),
}
UNSEEN = {
    "f3": "a request that is kept, and that nobody reads again, changes no page: the traces find it (`retained`)",
    "f11": "a stream is made for nobody whoever else is there, alone as well: the traces find it (`lost`)",
    "f13": "a cache by request keeps every request, and gives none to another: the traces find it (`retained`)",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the project once."""
    return Project(tmp_path_factory.mktemp("field"), "tests.prove.field.settings", MORE)


@pytest.fixture(autouse=True)
def nothing_stays(project: Project) -> Iterator[None]:
    """Fail a test after which something is left."""
    yield
    project.require_untouched()


def path_of(case: str, way: str) -> str:
    """Return the page of a case: with a token of somebody's where it takes one."""
    return f"/{case}/{way}/" + ("?token=bobby" if case == "f12" else "")


@pytest.mark.parametrize("case", REFUTED)
def test_a_broken_page_is_refuted_within_a_minute_and_its_mended_twin_holds(project: Project, case: str) -> None:
    server, verdict, _ = REFUTED[case]
    report = project.report(path_of(case, "broken"), "--server", server, "--seconds", str(PATIENCE))
    assert report["verdict"] == verdict, report
    assert project.worked_seconds <= SECONDS
    shown = report["pages"][0]["shown"]
    print(
        f"{case}: {shown['schedules']} schedules, {shown['seconds']} s, of a processor {project.worked_seconds:.1f} s"
    )
    report = project.report(path_of(case, "mended"), "--server", server, "--seconds", str(SECONDS))
    assert report["verdict"] == "holds", report


@pytest.mark.parametrize("case", UNSEEN)
@pytest.mark.parametrize("way", ["broken", "mended"])
def test_what_no_page_shows_is_not_claimed(project: Project, case: str, way: str) -> None:
    report = project.report(path_of(case, way), "--server", "wsgi", "--seconds", str(SECONDS))
    assert report["verdict"] == "holds", report


@pytest.mark.parametrize("page", ["/f1/menu/", "/f1/service/", "/f16/public/"])
def test_what_is_no_leak_holds(project: Project, page: str) -> None:
    report = project.report(page, "--server", "wsgi", "--seconds", str(SECONDS))
    assert report["verdict"] == "holds", report
