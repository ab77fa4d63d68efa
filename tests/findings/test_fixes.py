"""What a finding advises: for that holder, that library and that server, what its reader can do."""

import sys
from types import ModuleType

import pytest

from reqtrace.code.libraries import owner_of
from reqtrace.findings.detectors.base import Case, Verdict
from reqtrace.findings.detectors.crossed import Crossed
from reqtrace.findings.detectors.leftover import Leftover
from reqtrace.findings.detectors.retained import Retained
from reqtrace.records import Side, User

ALICE, BOB = (
    Side(f"r-{number}", User("authenticated", f"{number}", name)) for number, name in ((1, "alice"), (2, "bob"))
)


def crossed(holder: str, kind: str, **more: object) -> Verdict:
    case = Case(
        fact="sighting",
        checkpoint="view-end",
        at_ns=1,
        expected=BOB,
        people=frozenset({"2"}),
        observed=ALICE,
        seen_is_known=True,
        holder=holder,
        holder_kind=kind,
        server="gunicorn",
        worker_class="gthread",
    )
    for name, value in more.items():
        setattr(case, name, value)
    verdict = Crossed().examine(case)
    assert verdict is not None
    return verdict


OWN = "shop.middleware._locals.request"
LIBRARY = {"library": "django-thing 1.2"}
ASGI = {"interface": "asgi", "server": "uvicorn", "worker_class": "uvicorn"}


@pytest.mark.parametrize(
    ("kind", "more", "says", "silent"),
    [
        ("threading.local", {}, ["Set shop.", "finally"], ["upgrade"]),
        ("threading.local", ASGI, ["ContextVar instead of shop.", "under uvicorn"], ["finally"]),
        ("threading.local", {"worker_class": "gevent"}, ["Let gevent patch before"], []),
        ("ContextVar", {"seen_had_ended": True}, ["Reset shop.", "gunicorn (gthread) reuses"], []),
        ("attribute", {}, ["Do not keep a request in shop."], []),
        ("attribute", {"names_user": True}, ["Do not keep a user in shop."], ["a request in"]),
        (
            "threading.local",
            LIBRARY,
            ["belongs to django-thing 1.2", "upgrade it", "middleware of your own"],
            ["Set shop."],
        ),
        ("threading.local", LIBRARY | ASGI, ["belongs to django-thing 1.2", "by WSGI", "under uvicorn"], ["finally"]),
        ("attribute", LIBRARY, ["belongs to django-thing 1.2", "upgrade it"], ["Do not keep"]),
        ("attribute", LIBRARY | {"library_fix": "Upgrade to 2.0."}, ["Upgrade to 2.0."], ["belongs"]),
    ],
)
def test_it_speaks_of_the_holder_the_library_and_the_server(
    kind: str, more: dict[str, object], says: list[str], silent: list[str]
) -> None:
    fix = crossed(OWN, kind, **more).fix
    assert all(text in fix for text in says), fix
    assert not any(text in fix for text in silent), fix


@pytest.mark.parametrize(
    ("path", "name", "fix"),
    [
        ("auditlog.context.auditlog_value", "django-auditlog", "restores `auditlog.context.auditlog_value`"),
        ("easyaudit.middleware.easyaudit._thread_locals.request", "django-easy-audit", "`clear_request()`"),
        ("sitetree.sitetreeapp._THREAD_LOCAL.sitetree", "django-sitetree", ""),
    ],
)
def test_an_installed_library_is_named_with_version_and_what_its_users_can_do(
    path: str, name: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = path.partition(".")[0]
    monkeypatch.setitem(sys.modules, top, ModuleType(top))  # as if it were loaded: other tests' processes watch what is
    vars(sys.modules[top])["__file__"] = "site-packages/__init__.py"
    owner = owner_of(path)
    assert owner is not None
    assert owner.name.startswith(f"{name} ")
    assert fix in owner.fix
    assert owner_of("tests.findings.test_fixes.OWN") is None


def retained(holder: str, **more: object) -> str:
    case = Case(fact="retention", checkpoint="close", at_ns=1, expected=ALICE, observed=Side(), holder=holder)
    for name, value in more.items():
        setattr(case, name, value)
    verdict = Retained().examine(case)
    assert verdict is not None
    return verdict.fix


def test_a_cache_is_told_by_what_to_key_it_and_nobody_to_clear_it() -> None:
    fix = retained("shop.prices.price_for", is_cached_call=True)
    assert "request.user.pk in place of the request" in fix
    assert "finally" not in fix


def test_what_keeps_a_request_is_to_be_cleared_by_whoever_can() -> None:
    assert "clear shop.kept in a finally" in retained("shop.kept")
    assert "belongs to django-thing 1.2" in retained("thing.kept", library="django-thing 1.2")


def test_a_tenant_is_to_be_set_back_and_a_language_deactivated() -> None:
    def left(holder: str, kind: str) -> str:
        case = Case(
            fact="state", checkpoint="view-end", at_ns=1, expected=BOB, observed=ALICE, holder=holder, holder_kind=kind
        )
        verdict = Leftover().examine(case)
        assert verdict is not None
        return verdict.fix

    assert "before its first query" in left("django.db.connections[default].tenant", "attribute")
    assert "translation.override" in left("django.utils.translation.trans_real._active.value", "asgiref.Local")
