"""Settings: from the dict and from the environment, and what becomes of those that cannot be used."""

from pathlib import Path

import msgspec
import pytest
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, run_checks
from hypothesis import given
from hypothesis import strategies as st

from reqtrace import checks, conf
from reqtrace.stores.memory import MemoryStore


def test_without_anything_the_defaults_hold() -> None:
    loaded = conf.load({}, {})
    assert loaded.problems == ()
    assert loaded.settings == msgspec.structs.replace(conf.Settings(), store=conf.default_store())


def test_the_default_store_lies_beneath_the_project(settings: object, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    assert conf.default_store() == f"sqlite:///{tmp_path}/.reqtrace/traces.sqlite3"


def test_without_a_project_directory_it_lies_beneath_the_working_directory(
    settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings.BASE_DIR = None  # type: ignore[attr-defined]
    assert conf.default_store() == f"sqlite:///{tmp_path}/.reqtrace/traces.sqlite3"


def test_the_dict_is_taken_over() -> None:
    given = {"RETAIN": 5, "IGNORE_PATHS": ("/health/",), "SAMPLE": 1, "STORE": "memory:"}
    loaded = conf.load(given, {})
    assert loaded.problems == ()
    settings = loaded.settings
    assert (settings.retain, settings.ignore_paths, settings.sample, settings.store) == (5, ["/health/"], 1, "memory:")


@pytest.mark.parametrize("url", ["https://jaeger.example/trace/", "javascript:alert('{trace_id}')", "", 5])
def test_a_trace_viewer_s_address_is_one_of_http_with_a_place_for_the_id(url: object) -> None:
    (problem,) = conf.load({"TRACE_URL": url}, {}).problems
    assert problem.code == "E002"
    good = "https://jaeger.example/trace/{trace_id}?uiEmbed=v0"
    assert conf.load({}, {"REQTRACE_TRACE_URL": good}) == conf.load({"TRACE_URL": good}, {})
    assert conf.load({"TRACE_URL": good}, {}).settings.trace_url == good


def test_the_environment_wins_and_is_read_as_text() -> None:
    environment = {
        "REQTRACE_ENABLED": "false",
        "REQTRACE_RETAIN": " 7 ",
        "REQTRACE_RETAIN_SECONDS": "60",
        "REQTRACE_SAMPLE": "0.25",
        "REQTRACE_CHECKPOINTS": "start, query",
        "REQTRACE_IGNORE_PATHS": '["/a,b/"]',
        "REQTRACE_STORE_BACKENDS": '{"x": "y.Z"}',
        "REQTRACE_STORE": "memory:",
        "PATH": "/bin",
    }
    settings, problems = conf.load({"RETAIN": 5, "ENABLED": True}, environment)
    assert problems == ()
    assert (settings.enabled, settings.retain, settings.retain_seconds, settings.sample) == (False, 7, 60, 0.25)
    assert settings.checkpoints == ["start", "query"]
    assert settings.ignore_paths == ["/a,b/"]
    assert settings.store_backends == {"x": "y.Z"}


@pytest.mark.parametrize(("word", "means"), [("no", False), ("Off", False), ("0", False), ("yes", True), ("ON", True)])
def test_the_kill_switch_takes_the_words_that_people_write_into_environments(word: str, means: bool) -> None:
    settings, problems = conf.load({"ENABLED": not means}, {"REQTRACE_ENABLED": word})
    assert (settings.enabled, problems) == (means, ())


@pytest.mark.parametrize(
    ("given", "environment", "code", "parts"),
    [
        ({"RETIAN": 1}, {}, "E001", ["REQTRACE['RETIAN']", "'RETAIN'"]),
        ({"retain": 1}, {}, "E001", ["'RETAIN'"]),
        ({7: 1}, {}, "E001", ["REQTRACE[7]"]),
        ({}, {"REQTRACE_STOER": "memory:"}, "E001", ["the environment variable REQTRACE_STOER", "'STORE'"]),
        ({"RETAIN": 0}, {}, "E002", ["REQTRACE['RETAIN'] is 0", "100000"]),
        ({"RETAIN": "5"}, {}, "E002", ["'5'"]),
        ({"SAMPLE": 1.5}, {}, "E002", ["1.5"]),
        ({"CHECKPOINTS": ["begin"]}, {}, "E002", ["begin", "It takes 'start', 'view', 'view-end', 'template'"]),
        ({"ON_LEAK": "blok"}, {}, "E002", ["'blok'", "It takes 'record', 'block'."]),
        ({"IMPERSONATION": ".known"}, {}, "E002", ["'.known'", "reqtrace.identity.known_impersonation"]),
        ({}, {"REQTRACE_ENABLED": "nay"}, "E002", ["'nay'"]),
        ({"STORE": 3}, {}, "E002", ["sqlite:///"]),
        ({}, {"REQTRACE_FLUSH_MS": "soon"}, "E002", ["the environment variable REQTRACE_FLUSH_MS", "'soon'"]),
        ({}, {"REQTRACE_HOLDERS": '["a'}, "E002", ["REQTRACE_HOLDERS"]),
        ({}, {"REQTRACE_HOLDERS": '["\udcff"]'}, "E002", ["REQTRACE_HOLDERS"]),
        ("yes", {}, "E002", ["of type str", "no dict"]),
    ],
)
def test_a_key_that_cannot_be_used_is_named_and_its_default_holds(
    given: object, environment: dict[str, str], code: str, parts: list[str]
) -> None:
    settings, (problem,) = conf.load(given, environment)
    assert problem.code == code
    for part in parts:
        assert part in problem.message + problem.hint
    assert settings == conf.load({}, {}).settings


def test_a_bad_key_spoils_no_good_one() -> None:
    settings, problems = conf.load({"RETAIN": 9, "BUFFER": -1, "NONSENSE": 1}, {})
    assert settings.retain == 9
    assert settings.buffer == conf.Settings().buffer
    assert len(problems) == 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children) | st.sets(st.integers()),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(conf.KEYS)) | st.text(), values) | values)
def test_no_settings_at_all_stop_an_application(given: object) -> None:
    settings, _ = conf.load(given, {})
    assert isinstance(settings, conf.Settings)


@given(st.dictionaries(st.sampled_from([f"REQTRACE_{key}" for key in conf.KEYS]), st.text()))
def test_no_environment_at_all_stops_an_application(environment: dict[str, str]) -> None:
    settings, _ = conf.load({}, environment)
    assert isinstance(settings, conf.Settings)


def test_settings_are_read_once_and_again_when_they_change(settings: object) -> None:
    settings.REQTRACE = {"RETAIN": 3}  # type: ignore[attr-defined]
    assert conf.get() is conf.get()
    assert conf.get().retain == 3
    settings.REQTRACE = {"RETAIN": 4}  # type: ignore[attr-defined]
    assert conf.get().retain == 4


def test_the_system_check_names_what_is_wrong(settings: object) -> None:
    settings.REQTRACE = {"RETIAN": 1, "BUFFER": "many", "STORE": "postgres://"}  # type: ignore[attr-defined]
    found = {message.id: message for message in run_checks(tags=["reqtrace"])}
    assert set(found) == {"reqtrace.E001", "reqtrace.E002", "reqtrace.E003"}
    assert all(message.hint for message in found.values())
    assert "RETAIN" in str(found["reqtrace.E001"].hint)


@pytest.mark.parametrize(
    ("given", "id_", "said"),
    [
        ({"STORE": "own:", "STORE_BACKENDS": {"own": f"{__name__}.TouchyStore"}}, "E003", "does not take the address"),
        ({"STORE": "own:", "STORE_BACKENDS": {"own": f"{__name__}.MuteStore"}}, "E003", "cannot be checked: KeyError"),
        ({"STORE": "own:", "STORE_BACKENDS": {"own": ".Store"}}, "E003", "cannot be imported"),
        ({"STORE": "memory:", "ACCESS": ".staff"}, "E005", "cannot be imported"),
        ({"STORE": "memory:", "HOLDERS": ["", "a..b"]}, "E004", "is no dotted path"),
        ({"STORE": "memory:", "HOLDERS": ["tests.factories.absent"]}, "I001", "has no 'absent' yet"),
    ],
)
def test_the_system_check_survives_whatever_a_setting_leads_to(
    settings: object, given: dict[str, object], id_: str, said: str
) -> None:
    settings.REQTRACE = given  # type: ignore[attr-defined]
    found = run_checks(tags=["reqtrace"])
    assert {message.id for message in found} == {f"reqtrace.{id_}"}
    assert all(said in message.msg for message in found)


class TouchyStore(MemoryStore):
    """A store of a project's own whose constructor fails."""

    def __init__(self, url: str) -> None:
        """Fail."""
        raise KeyError(url)


class MuteStore(MemoryStore):
    """A store of a project's own that cannot check itself."""

    def check(self) -> list[CheckMessage]:
        """Fail."""
        raise KeyError("port")


def test_a_django_newer_than_the_tests_and_a_toolbar_too_old_for_the_panel_are_said(
    settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG_TOOLBAR_PANELS = ["reqtrace.panel.RequestTracePanel"]  # type: ignore[attr-defined]
    assert checks.check_versions(None) == []
    monkeypatch.setattr(checks, "TESTED_UP_TO", (5, 1))
    monkeypatch.setattr(checks, "version", lambda name: "5.2.0")
    newer, older = checks.check_versions(None)
    assert (newer.id, older.id) == ("reqtrace.W004", "reqtrace.W005")
    assert "5.1" in newer.msg
    assert "5.2.0" in older.msg
    assert "stays away" in older.msg


@pytest.mark.parametrize(("toolbar", "fits"), [("5.2.0", False), ("6.0", True), ("10.1", True), ("dev", True)])
def test_the_panel_takes_a_toolbar_from_version_6_on(toolbar: str, fits: bool) -> None:
    assert checks.fits_panel(toolbar) is fits


def test_the_system_check_has_nothing_to_say_of_good_settings(settings: object) -> None:
    settings.REQTRACE = {"STORE": "memory:"}  # type: ignore[attr-defined]
    assert checks.check_settings(None) == checks.check_store(None) == []
    assert django_settings.REQTRACE == {"STORE": "memory:"}
