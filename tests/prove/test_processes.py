"""The processes that schedules are played in: whoever ends the proof ends them, whenever that is."""

import pytest

from tests.programs import run_program


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_in_the_midst_of_a_fork_is_not_lost_and_ends_what_was_forked(number: str) -> None:
    said = run_program(
        f"""
        import os, signal, time
        import psutil
        from reqtrace.prove.processes import Processes

        def end(number, _):
            raise KeyboardInterrupt(number)

        signal.signal(signal.{number}, end)
        os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.{number}))
        processes = Processes(lambda job, slot: time.sleep(60), lambda slot, wrote: None, 1)
        try:
            processes.one("job")
        except KeyboardInterrupt as ended:
            processes.close()
            print(ended.args, psutil.Process().children(), signal.getsignal(signal.{number}) is end)
        """
    )
    number_value = {"SIGINT": 2, "SIGTERM": 15}[number]
    assert said.strip().splitlines()[-1] == f"({number_value},) [] True"
