"""What discovery looks into, what it leaves alone, and by which names it calls what it finds."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.discovery import Discovery
from tests.programs import ROOT


def fail() -> object:
    raise AssertionError("it was evaluated")


@pytest.fixture
def shop() -> Iterator[ModuleType]:
    module = ModuleType("shop_of_this_test")
    module.__file__ = "/shop/module.py"
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def test_a_lazy_object_in_a_module_or_class_is_never_evaluated(shop: ModuleType) -> None:
    shop.current_user = SimpleLazyObject(fail)  # type: ignore[attr-defined]
    shop.Keeper = type("Keeper", (), {"__module__": shop.__name__, "current": SimpleLazyObject(fail)})  # type: ignore[attr-defined]
    shop.by_thread = {1: SimpleLazyObject(fail)}  # type: ignore[attr-defined]
    found: list[Holder] = []
    discovery = Discovery(found.append, lambda holders: None)
    while not discovery.search():
        pass
    discovery.is_thorough = True
    discovery.probe()
    assert shop in discovery._modules
    assert [holder.path for holder in found if holder.path.startswith(shop.__name__)] == []


def test_a_list_of_requests_is_a_holder_where_its_name_says_that_it_is_a_stack(shop: ModuleType) -> None:
    shop.seen, shop.request_stack = [HttpRequest()], [HttpRequest()]  # type: ignore[attr-defined]
    found: list[Holder] = []
    discovery = Discovery(found.append, lambda holders: None)
    discovery.is_thorough = True
    while not discovery.search():
        pass
    discovery.probe()
    assert [holder.path for holder in found if holder.path.startswith(shop.__name__)] == [
        "shop_of_this_test.request_stack"
    ]


@pytest.mark.parametrize("library", ["", "sentry"])
def test_a_middleware_that_keeps_requests_is_named_by_its_own_attribute_whoever_wraps_it(library: str) -> None:
    command = [sys.executable, "-m", "tests.watching.holders.layers", library]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        "__main__.Keeper(instance).request",
        "__main__.Terse(instance).request",
        "__main__.keeping.<locals>.middleware.request",
    ]


def test_what_thousands_of_threads_have_in_a_local_is_looked_at_a_little_at_a_time(
    shop: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.here, done, ready = threading.local(), threading.Event(), threading.Barrier(151)  # type: ignore[attr-defined]

    def keep() -> None:
        shop.here.request = HttpRequest()
        ready.wait(30)
        done.wait(30)

    threads = [threading.Thread(target=keep) for _ in range(150)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    discovery = Discovery(lambda holder: None, lambda holders: None)
    while not discovery.search():
        pass
    looks: list[str] = []
    monkeypatch.setattr(discovery, "_take", lambda path, *rest: looks.append(path))
    most = before = 0
    for _ in discovery._look_over():
        here = looks.count(f"{shop.__name__}.here.request")
        most, before = max(most, here - before), here
    done.set()
    for thread in threads:
        thread.join()
    assert looks.count(f"{shop.__name__}.here.request") == 150
    assert most <= 32
