"""Tells a file of another Python, 2 or a newer 3, from one that is broken, by the line at which this Python gave up."""

import re
import sys

#: What Python 2 allows and Python 3 does not: how it is called, and how a line shows it.
_SIGNS = (
    ("the print statement", re.compile(r"^\s*(.*[:;]\s*)?print(\s+[^\s=(\[.,]|\s*>>|\s*[\"'%])")),
    ("`except E, e`", re.compile(r"\bexcept\s+[\w.()\s,]+,\s*\w+\s*:")),
    ("`raise E, message`", re.compile(r"\braise\s+[\w.]+\s*,")),
    ("the exec statement", re.compile(r"^\s*exec\s+[^\s(=]")),
    ("`<>`", re.compile(r"[\w\])\"']\s*<>\s*[\w\[(\"']")),
    ("backquotes", re.compile(r"`[^`]+`")),
    ("an octal number such as 0777", re.compile(r"(?<![\w.])0[0-7]+\b(?!\.)")),
    ("a long number such as 1L", re.compile(r"(?<![\w.])\d+[lL]\b")),
    ("a string such as ur''", re.compile(r"\b[uU][rR][\"']")),
    ("a parameter that is a tuple", re.compile(r"\b(def\s+\w+\s*\(|lambda\s)[^)]*\(\s*\w+\s*,")),
    ("a print statement of parentheses", re.compile(r"^\s*print\s*\(.*\)\s*(%|,|\.)")),
)
_SAID = ("Missing parentheses in call to 'print'", "Missing parentheses in call to 'exec'", "inconsistent use of tabs")
#: What a later Python 3 allows: since when, how it is called, and how a line shows it.
_NEWER = (
    ((3, 12), "the type statement", re.compile(r"^\s*type\s+\w+\s*(\[.*\])?\s*=")),
    ((3, 12), "type parameters", re.compile(r"^\s*(async\s+def|def|class)\s+\w+\s*\[")),
    ((3, 12), "a string in an f-string", re.compile(r"\b[rR]?[fF][rR]?([\"']).*\{[^}]*\1.*\}.*\1")),
    ((3, 12), "a backslash in an f-string", re.compile(r"\b[rR]?[fF][rR]?[\"'].*\{[^}]*\\.*\}")),
    ((3, 14), "a template string", re.compile(r"\b[rR]?[tT][rR]?[\"']")),
)
_OLD_NAMES = re.compile(r"\b(async|await)\b")


def reason(error: SyntaxError, text: str) -> str:
    """Return why a file cannot be read, with what to do about it.

    Args:
        error: Python's.
        text: The file's.
    """
    line = _line(text, error.lineno)
    sign = next((name for name, pattern in _SIGNS if pattern.search(line)), None)
    if sign is None and any(str(error.msg).startswith(said) for said in _SAID):
        sign = str(error.msg)
    if sign is not None:
        return f"Python 2 ({sign}): convert it with 2to3 first"
    for since, name, pattern in _NEWER:
        if sys.version_info < since and pattern.search(line):
            needed, here = (".".join(map(str, one[:2])) for one in (since, sys.version_info))
            return f"Python {needed} or later ({name}): this is Python {here}, run onevar with a later one"
    if _OLD_NAMES.search(line):
        return f"Python 3.6 or older: async and await are keywords since 3.7 ({error.msg})"
    return f"not Python 3: {error.msg}"


def is_python2(problem: str) -> bool:
    """Say whether a reason of `reason` says so."""
    return problem.startswith("Python 2 ")


def _line(text: str, number: int | None) -> str:
    lines = text.splitlines()
    return lines[number - 1] if number is not None and 0 < number <= len(lines) else ""
