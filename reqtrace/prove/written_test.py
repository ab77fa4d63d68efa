"""A test that replays a schedule: it fails as long as the page is not isolated, and passes from then on."""

import re
from collections.abc import Sequence

from reqtrace.prove.oracle import Violation, page_of

_HEAD = '''"""What `manage.py reqtrace prove` found, played again: each test fails until its page is isolated.

People are looked up by name, and made where they are missing, in a copy of the test's database. What else a page
needs to answer as it did, a test has to make before it replays.
"""

import pytest

from reqtrace.testing import replay
'''


def written(violations: Sequence[Violation]) -> str:
    """Return the source of a test file, with a test for each violation."""
    names: set[str] = set()
    return _HEAD + "".join(f"\n\n{_test(violation, names)}" for violation in violations)


def _test(violation: Violation, names: set[str]) -> str:
    schedule = violation.schedule
    victim = schedule.askings[violation.victim]
    whose = violation.owner.name if violation.owner else "anybody else"
    name = _name(f"test_{victim.person.name}_is_kept_apart_at_{page_of(violation).path}", names)
    lines = [
        f"({_who(asking.person.name, asking.person.cookie)}, {str(asking.page)!r})," for asking in schedule.askings
    ]
    options = [f"server={schedule.door!r}", f"way={schedule.way!r}"]
    if schedule.anywhere:
        options.append("anywhere=True")
    if schedule.segments:
        options.append(f"turns={list(schedule.segments)!r}")
    return "\n".join(
        [
            "@pytest.mark.django_db",
            f"def {name}():",
            f'    """{victim.person.name} must not get what is {whose}\'s."""'.replace("\\", "\\\\"),
            "    replay(",
            "        [",
            *(f"            {line}" for line in lines),
            "        ],",
            *(f"        {option}," for option in options),
            "    )",
            "",
        ]
    )


def _who(name: str, cookie: str) -> str:
    return repr(name) if cookie else "None"


def _name(text: str, names: set[str]) -> str:
    base = re.sub(r"\W+", "_", text).strip("_").lower()
    name, number = base, 1
    while name in names:
        number += 1
        name = f"{base}_{number}"
    names.add(name)
    return name
