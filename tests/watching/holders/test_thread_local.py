"""Thread-locals: read without a trace, also those whose class does something on the first touch in a thread."""

import threading
from collections.abc import Callable

from reqtrace.watching.holders.base import EMPTY
from reqtrace.watching.holders.thread_local import ThreadLocalHolder, is_thread_local, is_touched, names_in


class Counting(threading.local):
    """Counts in how many threads it was touched."""

    touched = 0

    def __init__(self) -> None:
        """Do what the application wants to be done once per thread."""
        type(self).touched += 1
        self.request = None


def in_a_thread(function: Callable[[], object]) -> object:
    """Return what `function` returns in a thread of its own."""
    returned: list[object] = []
    thread = threading.Thread(target=lambda: returned.append(function()))
    thread.start()
    thread.join()
    return returned[0]


def test_reading_is_never_the_first_touch() -> None:
    local = Counting()
    holder = ThreadLocalHolder("shop.local.request", local, "request")
    touched = Counting.touched
    assert in_a_thread(holder.read) is EMPTY
    assert in_a_thread(lambda: names_in(local)) == {}
    assert in_a_thread(lambda: is_touched(local)) is False
    assert Counting.touched == touched
    assert holder.read() is None  # where the application has touched it
    assert Counting.touched == touched


def test_a_local_that_was_made_with_arguments_is_read_where_it_was_touched() -> None:
    class Given(threading.local):
        def __init__(self, *, request: str) -> None:
            self.request = request

    local = Given(request="everybody's")
    assert names_in(local) == {"request": "everybody's"}
    assert in_a_thread(lambda: names_in(local)) == {}
    assert in_a_thread(lambda: (local.request, names_in(local))[1]) == {"request": "everybody's"}


def test_a_plain_local_is_read_anywhere_and_holds_nothing_in_other_threads() -> None:
    local = threading.local()
    local.request = "mine"
    holder = ThreadLocalHolder("shop.local.request", local, "request")
    assert holder.read() == "mine"
    assert names_in(local) == {"request": "mine"}
    assert in_a_thread(holder.read) is EMPTY


def test_an_address_used_again_is_no_touch() -> None:
    for _ in range(100):
        local = Counting()
        assert in_a_thread(lambda local=local: is_touched(local)) is False  # type: ignore[misc]


def test_a_local_is_known_by_its_type() -> None:
    assert is_thread_local(Counting())
    assert not is_thread_local(threading)
