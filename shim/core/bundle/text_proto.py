"""The text format of protocol buffers, as much of it as a flat message of strings and numbers needs.

`name: "value"`, one after the other; strings next to each other are one; `name: [1, 2]` is the field twice; `#` begins
a comment. See https://protobuf.dev/reference/protobuf/textformat-spec/.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

from onevar.core.bundle.wire import Malformed

Value = str | bytes

_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)*(?:
    (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[-+.\w]+)
    |(?P<sign>[:;,\[\]])
    |(?P<end>\Z))""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(
    rb"\\(?:(?P<oct>[0-7]{1,3})|[xX](?P<hex>[0-9a-fA-F]{1,2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<one>.)|)",
    re.DOTALL,
)
_ONE = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"?": b"?",
    b"\\": b"\\", b"'": b"'", b'"': b'"',
}  # fmt: skip
_QUOTED = {ord("\n"): r"\n", ord("\r"): r"\r", ord("\t"): r"\t", ord('"'): r"\"", ord("'"): r"\'", ord("\\"): r"\\"}


def scalar(value: str | float) -> str:
    """Return a value as the text format has it; bytes that are not UTF-8 (surrogates here) become octal escapes."""
    if isinstance(value, float):
        return repr(value)
    return f'"{"".join(_quoted(ord(char)) for char in value)}"'


def _quoted(code: int) -> str:
    if code in _QUOTED:
        return _QUOTED[code]
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    elif 32 <= code != 127:
        return chr(code)
    return f"\\{code:03o}"


def fields(text: str) -> Iterator[tuple[str, Value]]:
    """Yield the fields as (name, value): strings as `bytes`, numbers and other words as they stand.

    Raises:
        Malformed: It is not a flat message in text format.
    """
    tokens = _Tokens(text)
    while tokens.kind != "end":
        name = tokens.take("word")
        tokens.skip(":", needed=True)
        for value in tokens.values():
            yield name, value
        if not tokens.skip(";"):
            tokens.skip(",")


def as_text(name: str, value: Value) -> str:
    """Return the value of a string field; raises `Malformed` if it is a number."""
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    raise Malformed(f"{name} should be a string, and is {value}")


def as_float(name: str, value: Value) -> float:
    """Return the value of a numeric field; raises `Malformed` if it is none."""
    if isinstance(value, str):
        number = value.rstrip("fF") if value[:1].isdigit() else value  # C's suffix, but not the f of "inf"
        with suppress(ValueError):
            return float(number)
    raise Malformed(f"{name} should be a number, and is {value!r}")


class _Tokens:
    """The text as tokens, the next of which is in view."""

    def __init__(self, text: str):
        self._text, self._at = text, 0
        self.kind, self.value = "", ""
        self._next()

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            line = self._text.count("\n", 0, self._at) + 1
            raise Malformed(f"line {line} is not in the text format: {self._text[self._at :][:40]!r}")
        self.kind = match.lastgroup or ""
        self.value = match[self.kind]
        self._at = match.end()

    def take(self, kind: str) -> str:
        value = self.value
        if self.kind != kind:
            raise Malformed(f"a {kind} should stand where {value!r} is")
        self._next()
        return value

    def skip(self, sign: str, needed: bool = False) -> bool:
        found = self.kind == "sign" and self.value == sign
        if found:
            self._next()
        elif needed:
            raise Malformed(f"{sign!r} should stand where {self.value!r} is")
        return found

    def values(self) -> Iterator[Value]:
        """Yield what a field has after its colon: one value, or those of a list."""
        if not self.skip("["):
            yield self._one()
            return
        if self.skip("]"):
            return
        yield self._one()
        while self.skip(","):
            yield self._one()
        self.skip("]", needed=True)

    def _one(self) -> Value:
        if self.kind != "string":
            return self.take("word")
        parts = []
        while self.kind == "string":
            parts.append(_ESCAPE.sub(_unescaped, self.take("string")[1:-1].encode(errors="surrogateescape")))
        return b"".join(parts)


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match["oct"]:
        return bytes([int(match["oct"], 8) & 0xFF])
    if match["hex"]:
        return bytes([int(match["hex"], 16)])
    if match["u"] or match["U"]:
        return chr(int(match["u"] or match["U"], 16)).encode(errors="surrogatepass")
    try:
        return _ONE[match["one"]]
    except KeyError:
        raise Malformed(f"{match[0]!r} is no escape") from None
