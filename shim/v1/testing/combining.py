"""Tests for every combination of options: `tensorflow.python.framework.combinations`.

Of a test's combinations, those run that are version 1's and graph mode's; the others are skipped.
"""

import functools
import inspect
import itertools
import types
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from absl.testing import parameterized

from onevar.v1.testing.decorators import _in_graph_mode

_MODES = ("graph", "v1")


class NamedObject:
    """An object with a name that a test's name can have.

    Args:
        name: The name.
        obj: The object, whose attributes this has.
    """

    def __init__(self, name: str, obj: Any):
        self._name, self._obj = name, obj

    def __getattr__(self, name: str) -> Any:
        return getattr(self._obj, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object."""
        return self._obj(*args, **kwargs)

    def __iter__(self) -> Any:
        return iter(self._obj)

    def __repr__(self) -> str:
        return self._name


class ParameterModifier:
    """Changes the arguments of a test.

    Args:
        parameter_name: Of the argument that it is about.
    """

    DO_NOT_PASS_TO_THE_TEST = object()

    def __init__(self, parameter_name: str | None = None):
        self._parameter_name = parameter_name

    def modified_arguments(self, kwargs: dict[str, Any], requested_parameters: list[str]) -> dict[str, Any]:
        """Return new values for some arguments.

        Args:
            kwargs: All options of the combination.
            requested_parameters: What the test takes.
        """
        name = self._parameter_name
        return {} if name is None or name in requested_parameters else {name: self.DO_NOT_PASS_TO_THE_TEST}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._parameter_name == other._parameter_name  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self._parameter_name))


class OptionalParameter(ParameterModifier):
    """An option that a test need not take."""


class TestCombination:
    """Decides whether a combination runs, and within which contexts."""

    __test__ = False

    def should_execute_combination(self, kwargs: dict[str, Any]) -> tuple[bool, str | None]:
        """Return whether a combination runs, and if not, why.

        Args:
            kwargs: The combination.
        """
        return True, None

    def parameter_modifiers(self) -> list[ParameterModifier]:
        """Return what changes the arguments."""
        return []

    def context_managers(self, kwargs: dict[str, Any]) -> list[Any]:
        """Return the contexts that the test runs in.

        Args:
            kwargs: The combination.
        """
        return []


class EagerGraphCombination(TestCombination):
    """The option `mode`: combinations in eager mode are skipped."""

    def should_execute_combination(self, kwargs: dict[str, Any]) -> tuple[bool, str | None]:  # noqa: D102
        mode = kwargs.get("mode", "graph")
        return mode in _MODES, f"Tests run in graph mode, not in mode {mode!r}."

    def parameter_modifiers(self) -> list[ParameterModifier]:  # noqa: D102
        return [OptionalParameter("mode")]


class TFVersionCombination(TestCombination):
    """The option `tf_api_version`: combinations of version 2 are skipped."""

    def should_execute_combination(self, kwargs: dict[str, Any]) -> tuple[bool, str | None]:  # noqa: D102
        version = kwargs.get("tf_api_version")
        return version in (None, 1), "Skipping a test that is for TF 2.x."

    def parameter_modifiers(self) -> list[ParameterModifier]:  # noqa: D102
        return [OptionalParameter("tf_api_version")]


_DEFAULT = (EagerGraphCombination(), TFVersionCombination())


def combine(**kwargs: Any) -> list[OrderedDict]:
    """Return every combination of options.

    Args:
        **kwargs: A value, or a list of values, by name.
    """
    out: list[OrderedDict] = [OrderedDict()]
    for key in sorted(kwargs):
        values = kwargs[key] if isinstance(kwargs[key], list) else [kwargs[key]]
        out = [OrderedDict([(key, value), *one.items()]) for value in values for one in out]
    return [OrderedDict(sorted(one.items())) for one in out]


def times(*combined: Sequence[dict]) -> list[OrderedDict]:
    """Return every combination of a combination of each list.

    Args:
        *combined: Lists that `combine` returned; their options differ.

    Raises:
        ValueError: Two have an option of the same name.
    """
    out = []
    for parts in itertools.product(*combined):
        one: OrderedDict = OrderedDict()
        for part in parts:
            if set(part) & set(one):
                raise ValueError(f"Keys need to not overlap: {set(part)} vs {set(one)}")
            one.update(part)
        out.append(one)
    return out


def _named(combination: dict) -> str:
    parts = []
    for key, value in combination.items():
        said = value.__name__ if isinstance(value, types.FunctionType | type) else str(value)
        parts += ["".join(filter(str.isalnum, part)) for part in (key, said)]
    return f"_test_{'_'.join(parts)}"


def generate(combinations: Sequence[dict], test_combinations: Sequence[TestCombination] = ()) -> Callable[[Any], Any]:
    """Return a decorator that makes one test of each combination.

    Args:
        combinations: What `combine` and `times` return.
        test_combinations: More that decide which run, and how.
    """
    rules = (*_DEFAULT, *test_combinations)

    def decorate(test: Any) -> Any:
        if isinstance(test, type):
            for name, value in list(vars(test).items()):
                if name.startswith("test") and isinstance(value, types.FunctionType):
                    setattr(test, name, _one_by_one(value, combinations, rules))
            return test
        return _one_by_one(test, combinations, rules)

    return decorate


def _one_by_one(test: Callable[..., Any], combinations: Sequence[dict], rules: Sequence[TestCombination]) -> Any:
    run = _deciding(test, rules)
    cases = [OrderedDict([*one.items(), ("testcase_name", _named(one))]) for one in combinations]
    return parameterized.named_parameters(*cases)(run) if cases else run


def _deciding(test: Callable[..., Any], rules: Sequence[TestCombination]) -> Callable[..., Any]:
    """Return a test that takes all options of a combination, is skipped where a rule says so, and calls `test`."""
    wanted = list(inspect.signature(test).parameters)
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in inspect.signature(test).parameters.values())

    @functools.wraps(test)
    def run(self: Any, **kwargs: Any) -> None:
        for rule in rules:
            execute, reason = rule.should_execute_combination(kwargs.copy())
            if not execute:
                self.skipTest(reason or "")
        given = dict(kwargs)
        modifiers = [m for rule in rules for m in rule.parameter_modifiers()]
        modifiers += [value for value in kwargs.values() if isinstance(value, ParameterModifier)]
        for modifier in modifiers:
            given.update(modifier.modified_arguments(kwargs.copy(), wanted))
        given = {k: v for k, v in given.items() if v is not ParameterModifier.DO_NOT_PASS_TO_THE_TEST}
        missing = [] if takes_all else [name for name in given if name not in wanted]
        if missing:
            raise ValueError(f"Unexpected arguments of {test.__name__}: {missing}.")
        _in_graph_mode(test, self, **given)

    # `parameterized` looks at the signature of what it gets.
    del run.__wrapped__  # type: ignore[attr-defined]
    return run
