"""`tf.app.run`, `tf.app.flags` and `tf.flags`: command-line flags, which are absl's, as in TensorFlow."""

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from absl import app, flags

from onevar.v1.export import export, export_value

#: Names that TensorFlow's wrappers of the DEFINE functions had before absl.
_OLD_KEYWORDS = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_WRAPPED = ["DEFINE_string", "DEFINE_boolean", "DEFINE_bool", "DEFINE_float", "DEFINE_integer"]
_ABSL = tuple(
    word
    for line in (
        "ArgumentParser ArgumentSerializer BaseListParser BooleanFlag BooleanParser CantOpenFlagFileError",
        "CsvListSerializer DEFINE DEFINE_alias DEFINE_enum DEFINE_enum_class DEFINE_flag DEFINE_list DEFINE_multi",
        "DEFINE_multi_enum DEFINE_multi_enum_class DEFINE_multi_float DEFINE_multi_integer DEFINE_multi_string",
        "DEFINE_spaceseplist DuplicateFlagError EnumClassFlag EnumClassListSerializer EnumClassParser EnumFlag",
        "EnumParser Error Flag FlagHolder FlagNameConflictsWithMethodError FlagValues FloatParser",
        "IllegalFlagValueError IntegerParser ListParser ListSerializer MultiEnumClassFlag MultiFlag",
        "UnparsedFlagAccessError UnrecognizedFlagError ValidationError WhitespaceSeparatedListParser",
        "adopt_module_key_flags declare_key_flag disclaim_key_flags doc_to_help flag_dict_to_args get_help_width",
        "mark_bool_flags_as_mutual_exclusive mark_flag_as_required mark_flags_as_mutual_exclusive",
        "mark_flags_as_required multi_flags_validator override_value register_multi_flags_validator",
        "register_validator set_default text_wrap validator",
    )
    for word in line.split()
)

# Flags belong to the module that defines them, not to this one, which is on the stack then.
flags.disclaim_key_flags()


class _Values:
    """`tf.app.flags.FLAGS`: absl's, but the first look at a flag parses the command line."""

    def __init__(self, wrapped: flags.FlagValues):
        self.__dict__["__wrapped"] = wrapped

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            return super().__getattribute__(name)
        return self.__dict__["__wrapped"].__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        wrapped = self.__dict__["__wrapped"]
        if not wrapped.is_parsed():
            wrapped(sys.argv)
        if name == "_parse_flags":
            return lambda *unused: None  # before 1.5 programs asked for that themselves; it has just been done
        return wrapped.__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["__wrapped"], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__dict__["__wrapped"], name)

    def __dir__(self) -> list[str]:
        return list(dir(self.__dict__["__wrapped"]))

    def __getitem__(self, name: str) -> Any:
        return self.__dict__["__wrapped"][name]

    def __setitem__(self, name: str, flag: Any) -> None:
        self.__dict__["__wrapped"][name] = flag

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__["__wrapped"]

    def __len__(self) -> int:
        return len(self.__dict__["__wrapped"])

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__["__wrapped"])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["__wrapped"](*args, **kwargs)


def _with_old_keywords(define: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(define)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return define(*args, **{_OLD_KEYWORDS.get(key, key): value for key, value in kwargs.items()})

    return wrapper


def _parse(argv: list[str] | None) -> list[str]:
    """Parse the command line; flags that nobody defined stay in it."""
    return flags.FLAGS(sys.argv if argv is None else argv, known_only=True)


@export("app.run")
def run(main: Callable[[list[str]], Any] | None = None, argv: list[str] | None = None) -> None:
    """Parse the flags, call `main(argv)` with what is left of the command line, and exit with what it returns.

    Args:
        main: The program; `main` of the module `__main__` by default.
        argv: The command line; `sys.argv` by default.
    """
    main = main or sys.modules["__main__"].main
    app.run(main=main, argv=argv, flags_parser=_parse)


def _export_flags() -> None:
    values: dict[str, Any] = {name: getattr(flags, name) for name in _ABSL if hasattr(flags, name)}
    values.update({name: _with_old_keywords(getattr(flags, name)) for name in _WRAPPED})
    values["FLAGS"] = _Values(flags.FLAGS)
    for name, value in values.items():
        export_value(f"app.flags.{name}", value)
        export_value(f"flags.{name}", value)


_export_flags()
