"""What an object really is, where `isinstance` would ask it and so evaluate it."""

from django.utils.functional import SimpleLazyObject

from reqtrace.execution.real_types import is_really, pretends


def fail() -> object:
    raise AssertionError("it was evaluated")


def test_a_lazy_object_is_never_asked_what_it_stands_for() -> None:
    assert not is_really(SimpleLazyObject(fail), dict)
    assert is_really(SimpleLazyObject(fail), SimpleLazyObject)


def test_a_subclass_is_of_its_base_class() -> None:
    assert is_really(True, int)
    assert not is_really("1", int)


def test_a_class_that_answers_for_its_instances_pretends() -> None:
    assert pretends(SimpleLazyObject)
    assert not pretends(int)
    assert not pretends(object)
