"""`tf.contrib.training.HParams`: named settings, with types, from the command line, JSON or a message."""

import json
import numbers
from collections.abc import Mapping
from typing import Any

from onevar.v1.export import export
from onevar.v1.hyperparameter_text import parse_values


def _cast(name: str, kind: type, value: Any) -> Any:
    """Return a value as the type that a setting has.

    Raises:
        ValueError: It is of another kind: text for a number, a float for an integer, a number for a boolean.
    """
    if type(value) is kind or kind is type(None):
        return value
    wrong = (
        (issubclass(kind, str | bytes) and not isinstance(value, str | bytes))
        or issubclass(kind, bool) != isinstance(value, bool)
        or (issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral))
        or (issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number))
    )
    if wrong:
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value)  # type: ignore[call-arg]


@export("contrib.training.HParams")
class HParams:
    """Settings as attributes; the first value says the type, one value or a list.

    Args:
        hparam_def: An `HParamDef` message with the settings.
        model_structure: Kept for `get_model_structure()`.
        **kwargs: The settings.

    Raises:
        ValueError: Both message and settings are given, a name is one of the class's own, or a list is empty.
    """

    _HAS_DYNAMIC_ATTRIBUTES = True

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any):
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        if hparam_def and kwargs:
            raise ValueError("hparam_def and initialization values are mutually exclusive")
        for name, value in (_from_message(hparam_def) if hparam_def else kwargs).items():
            self.add_hparam(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def add_hparam(self, name: str, value: Any) -> None:
        """Add a setting.

        Args:
            name: Its name.
            value: Its value, or a list of values.

        Raises:
            ValueError: There is something of that name, or the list is empty.
        """
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        if isinstance(value, list | tuple):
            if not value:
                raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
            self._hparam_types[name] = (type(value[0]), True)
        else:
            self._hparam_types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Change a setting.

        Args:
            name: Its name.
            value: Its value, or a list of values.

        Raises:
            KeyError: There is none of that name.
            ValueError: The value is of another kind.
        """
        kind, listed = self._hparam_types[name]
        if isinstance(value, list):
            if not listed:
                raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
            setattr(self, name, [_cast(name, kind, one) for one in value])
        elif listed:
            raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
        else:
            setattr(self, name, _cast(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Remove a setting, if there is one.

        Args:
            name: Its name.
        """
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> "HParams":
        """Change settings by a line `"learning_rate=0.1,layers=[64,32],sizes[1]=3"`.

        Args:
            values: The line.

        Raises:
            ValueError: It cannot be read, or names what there is not.
        """
        kinds = {name: kind for name, (kind, _) in self._hparam_types.items()}
        return self.override_from_dict(parse_values(values, kinds))

    def override_from_dict(self, values_dict: Mapping[str, Any]) -> "HParams":
        """Change settings.

        Args:
            values_dict: Values by name.

        Raises:
            KeyError: There is none of a name.
            ValueError: A value is of another kind.
        """
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: Mapping[str, Any]) -> "HParams":
        """Change settings: the older name of `override_from_dict`."""
        return self.override_from_dict(values_map)

    def set_model_structure(self, model_structure: Any) -> None:
        """Keep something for `get_model_structure()`."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """Return what was kept."""
        return self._model_structure

    def to_json(self, indent: int | None = None, separators: Any = None, sort_keys: bool = False) -> str:
        """Return the settings as JSON.

        Args:
            indent: As for `json.dumps`.
            separators: As for `json.dumps`.
            sort_keys: As for `json.dumps`.
        """
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json: str) -> "HParams":
        """Change settings by a JSON object.

        Args:
            values_json: The object.

        Raises:
            KeyError: There is none of a name.
            ValueError: It cannot be read, or a value is of another kind.
        """
        return self.override_from_dict(json.loads(values_json))

    def values(self) -> dict[str, Any]:
        """Return the values by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or a default where there is none of the name.

        Args:
            key: The name.
            default: The default, of the setting's own kind.

        Raises:
            ValueError: The default is of another kind.
        """
        if key not in self._hparam_types:
            return default
        if default is not None:
            self._check_default(key, default)
        return getattr(self, key)

    def _check_default(self, key: str, default: Any) -> None:
        kind, listed = self._hparam_types[key]
        described = f"list<{kind}>" if listed else str(kind)
        wrong = f"Hparam '{key}' of type '{described}' is incompatible with default={default}"
        if listed != isinstance(default, list):
            raise ValueError(wrong)
        try:
            for one in default if listed else [default]:
                _cast(key, kind, one)
        except ValueError as error:
            raise ValueError(f"{wrong}. {error}") from error

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value!s}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"

    @staticmethod
    def _get_kind_name(param_type: type, is_list: bool) -> str:
        """Return the name of the message's field for a type."""
        kinds: tuple[tuple[Any, str], ...] = ((bool, "bool"), (int, "int64"), (str | bytes, "bytes"), (float, "float"))
        for kind, name in kinds:
            if issubclass(param_type, kind):
                return f"{name}_{'list' if is_list else 'value'}"
        raise ValueError(f"Unsupported parameter type: {param_type}")

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Return the settings as an `HParamDef` message.

        Args:
            export_scope: Accepted.

        Raises:
            ValueError: A setting is of a type that the message does not have.
        """
        from onevar.v1.hyperparameter_messages import message_class

        message = message_class()()
        for name, (param_type, is_list) in self._hparam_types.items():
            kind = self._get_kind_name(param_type, is_list)
            value = getattr(self, name)
            values = [_as_bytes(one) for one in (value if is_list else [value])]
            if is_list:
                getattr(message.hparam[name], kind).value.extend(values)
            else:
                setattr(message.hparam[name], kind, values[0])
        return message

    @staticmethod
    def from_proto(hparam_def: Any, import_scope: str | None = None) -> "HParams":
        """Return the settings of an `HParamDef` message.

        Args:
            hparam_def: The message.
            import_scope: Accepted.
        """
        return HParams(hparam_def=hparam_def)


def _as_bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _from_message(message: Any) -> dict[str, Any]:
    """Return the values in an `HParamDef`."""

    def plain(value: Any) -> Any:
        return value.decode() if isinstance(value, bytes) else value

    found: dict[str, Any] = {}
    for name, held in message.hparam.items():
        kind = held.WhichOneof("kind")
        value = getattr(held, kind)
        found[name] = plain(value) if kind.endswith("_value") else [plain(one) for one in value.value]
    return found
