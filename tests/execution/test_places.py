"""Who runs this line: serials, places, and how requests share a thread."""

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import greenlet
from hypothesis import example, given
from hypothesis import strategies as st

from reqtrace.execution.places import Execution, LiveThread, Place
from tests.conftest import eventually
from tests.programs import run_program


def _on_a_new_thread(execution: Execution) -> Place:
    found: list[Place] = []
    thread = threading.Thread(target=lambda: found.append(execution.here()))
    thread.start()
    thread.join()
    return found[0]


def test_threads_one_after_another_never_share_a_serial_though_they_share_idents() -> None:
    execution = Execution()
    places = [_on_a_new_thread(execution) for _ in range(200)]
    assert len({place.thread.serial for place in places}) == 200
    assert len({place.thread.ident for place in places}) < 200


def test_tasks_one_after_another_never_share_a_serial_though_they_share_ids() -> None:
    execution = Execution()

    async def here() -> tuple[int | None, int | None]:
        place = execution.here()
        return place.task_serial, place.task_id

    async def one_after_another() -> list[tuple[int | None, int | None]]:
        return [await asyncio.create_task(here()) for _ in range(200)]

    found = asyncio.run(one_after_another())
    assert len({serial for serial, _ in found}) == 200
    assert len({id_ for _, id_ in found}) < 200


def test_greenlets_one_after_another_never_share_a_serial_though_they_share_ids() -> None:
    execution = Execution()

    def here() -> tuple[int | None, int | None]:
        place = execution.here()
        return place.greenlet_serial, place.greenlet_id

    found = [greenlet.greenlet(here).switch() for _ in range(200)]
    assert len({serial for serial, _ in found}) == 200
    assert len({id_ for _, id_ in found}) < 200


def test_serials_are_unique_among_threads_that_begin_at_once() -> None:
    execution = Execution()
    together = threading.Barrier(32)

    def here() -> int:
        together.wait(10)
        return execution.here().thread.serial

    with ThreadPoolExecutor(32) as pool:
        serials = [future.result() for future in [pool.submit(here) for _ in range(32)]]
    assert len(set(serials)) == 32


async def test_the_same_place_is_the_same_object() -> None:
    execution = Execution()
    first = execution.here()
    await asyncio.sleep(0)
    assert execution.here() is first
    assert first.task_name == asyncio.current_task().get_name()  # type: ignore[union-attr]
    assert first.loop_id == id(asyncio.get_running_loop())
    other = await asyncio.create_task(_here(execution))
    assert other is not first
    assert other.thread is first.thread


async def _here(execution: Execution) -> Place:
    return execution.here()


def test_outside_of_tasks_the_place_is_the_threads_own() -> None:
    execution = Execution()
    place = execution.here()
    assert place is execution.here() is place.thread.place
    assert (place.task_serial, place.task_id, place.loop_id, place.greenlet_serial) == (None, None, None, None)
    assert place.thread.ident == threading.get_ident()
    assert place.thread.native_id == threading.get_native_id()
    assert place.thread.name == threading.current_thread().name


def test_code_of_the_loop_outside_of_any_task_is_the_threads_own_place() -> None:
    execution = Execution()
    found: list[Place] = []

    async def call_later() -> None:
        asyncio.get_running_loop().call_soon(lambda: found.append(execution.here()))
        await asyncio.sleep(0)

    asyncio.run(call_later())
    assert found == [execution.here()]


def test_a_greenlet_is_a_place_of_its_own_on_the_same_thread() -> None:
    execution = Execution()
    running = greenlet.greenlet(lambda: (execution.here(), execution.here()))
    first, second = running.switch()
    assert first is second
    assert first is not execution.here()
    assert first.thread is execution.here().thread
    assert first.greenlet_id == id(running)


def test_what_has_ended_is_let_go_of() -> None:
    execution = Execution()
    asyncio.run(_here(execution))
    greenlet.greenlet(execution.here).switch()
    eventually(lambda: not execution._task_places.items() and not execution._greenlet_places.items())


def test_a_thread_that_python_does_not_know_gets_a_name_and_no_entry_in_its_registry() -> None:
    import _thread

    before = set(threading.enumerate())
    execution = Execution()
    names: list[str] = []
    _thread.start_new_thread(lambda: names.append(execution.here().thread.name), ())
    (name,) = eventually(lambda: names)
    assert name.startswith("Thread-")
    new = set(threading.enumerate()) - before
    assert not [thread for thread in new if thread.name.startswith("Dummy")]


class Model:
    """Says by brute force what a thread's arithmetic must say: it remembers everything."""

    def __init__(self) -> None:
        self.in_flight: set[int] = set()
        self.most_others: dict[int, int] = {}
        self.most = 0

    def arrive(self, request: int) -> None:
        """Count the others for this one, and this one for the others."""
        self.in_flight.add(request)
        self.most = max(self.most, len(self.in_flight))
        self.most_others[request] = 0
        for known in self.in_flight:
            self.most_others[known] = max(self.most_others[known], len(self.in_flight) - 1)


@example([0, 0, 0, 3, 4, 0, 4])
@given(st.lists(st.integers(0, 5), max_size=60))
def test_the_most_others_at_once_agree_with_a_count_of_everything(steps: list[int]) -> None:
    """Each step lets a new request arrive (0, 1, 2), or one of those in flight depart."""
    thread, model = LiveThread(1), Model()
    arrivals: dict[int, int] = {}
    number = 0
    for step in [*steps, *([5] * len(steps))]:
        if step < 3 or not model.in_flight:
            number += 1
            arrivals[number] = thread.arrive(number)
            model.arrive(number)
        else:
            leaving = sorted(model.in_flight)[(step * 7) % len(model.in_flight)]
            model.in_flight.discard(leaving)
            assert thread.depart(leaving, arrivals[leaving]) == model.most_others[leaving]
        assert thread.active == model.in_flight
        assert thread.max_in_flight == model.most
        assert len(thread.peaks) <= max(model.most, 1)
    assert thread.arrivals == number
    assert list(arrivals.values()) == list(range(1, number + 1))


def test_departing_on_another_thread_never_disturbs_arrivals() -> None:
    thread = LiveThread(1)
    rounds, width = 400, 8
    waiting: list[tuple[int, int]] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def depart() -> None:
        try:
            while not done.is_set() or waiting:
                if waiting:
                    assert thread.depart(*waiting.pop()) >= 0
        except BaseException as error:
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    other = threading.Thread(target=depart)
    other.start()
    try:
        for number in range(rounds):
            waiting.append((number, thread.arrive(number)))
            while len(waiting) > width and not failed:
                time.sleep(0)
    finally:
        done.set()
        other.join()
        sys.setswitchinterval(interval)
    assert not failed
    assert not thread.active
    assert thread.arrivals == rounds


def test_under_gevent_greenlets_are_told_apart_on_their_one_thread() -> None:
    told = run_program(
        """
        from gevent import monkey
        monkey.patch_all()
        import threading, gevent
        from reqtrace.execution.places import Execution, gevent_patched, native

        execution = Execution()
        places = []

        def work():
            places.append(execution.here())
            gevent.sleep(0.01)
            assert execution.here() is places[number_of[gevent.getcurrent()]]

        number_of = {}
        greenlets = []
        for number in range(20):
            greenlets.append(gevent.spawn(work))
            number_of[greenlets[-1]] = number
        gevent.joinall(greenlets, raise_error=True)
        assert gevent_patched()
        assert threading.local is not native("_thread", "_local")
        assert len({place.greenlet_serial for place in places}) == 20
        assert len({place.thread.serial for place in places}) == 1
        assert {place.thread.name for place in places} == {"MainThread"}
        assert {place.task_serial for place in places} == {None}
        helper = []
        thread = threading.Thread(target=lambda: helper.append(execution.here()))
        thread.start()
        thread.join()
        assert helper[0].thread is places[0].thread, "a thread of Python's is a greenlet here"
        print("told apart")
        """
    )
    assert told == "told apart"


def test_gevent_that_has_not_patched_anything_changes_nothing() -> None:
    told = run_program(
        """
        import asyncio, gevent, threading
        from gevent import monkey
        from reqtrace.execution.places import Execution, gevent_patched

        execution = Execution()
        assert not gevent_patched()

        async def here():
            return execution.here()

        assert asyncio.run(here()).task_serial == 1
        assert gevent.spawn(execution.here).get().greenlet_serial == 1
        assert execution.here().greenlet_serial is None
        print("unchanged")
        """
    )
    assert told == "unchanged"
