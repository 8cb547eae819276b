"""What a run left behind: arrays in one file that grows while the program runs, and what they are, in another.

This module and the others whose names begin with `tape` record a program in its own process, which may be an old one:
Python 3.7 with TensorFlow 1. So they import nothing of onevar but each other, and keep to the syntax of that time.
"""

from __future__ import annotations

import json
import os
import zipfile
from typing import Any

import numpy as np

FORMAT = 1
ARRAYS, CONTENTS = "arrays.npz", "tape.json"
#: Kinds of numbers that can be compared.
_NUMBERS = "fiubc"


class Tape:
    """The record of a run, as it is made.

    Args:
        folder: Where it goes; it must exist.
    """

    def __init__(self, folder: str):
        self.folder = folder
        self.contents: dict[str, Any] = {
            "format": FORMAT, "program": "", "runtime": "", "kind": "", "weights": [], "own": {}, "optimizers": [],
            "events": [], "notes": [], "nodes": {}, "problem": None,
        }  # fmt: skip
        self._file = zipfile.ZipFile(os.path.join(folder, ARRAYS), "w", zipfile.ZIP_STORED, allowZip64=True)
        self._count = 0

    def put(self, value: Any) -> dict[str, Any] | None:
        """Store a value; return what says where it is, or None if it is not made of numbers.

        Args:
            value: An array, or what NumPy makes one of.
        """
        array = plain(value)
        if array is None:
            return None
        kept = np.asarray(value)
        key = f"a{self._count}"
        self._count += 1
        with self._file.open(key + ".npy", "w", force_zip64=True) as file:
            np.lib.format.write_array(file, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
        return {"key": key, "shape": list(array.shape), "dtype": str(kept.dtype)}

    def note(self, text: str) -> None:
        """Keep a sentence for the report, once."""
        if text not in self.contents["notes"]:
            self.contents["notes"].append(text)

    def close(self) -> None:
        """Finish both files."""
        self._file.close()
        path = os.path.join(self.folder, CONTENTS)
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.contents, file)
        os.replace(path + ".part", path)


def plain(value: Any) -> Any:
    """Return a value as an array of a dtype that NumPy itself has; None if it is not made of numbers."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    if array.dtype.kind in _NUMBERS:
        return array
    if array.dtype.kind == "V" and array.dtype.names is None and "float" in str(array.dtype):
        return array.astype(np.float32)  # bfloat16 and its like, which a file cannot say
    return None


class Playback:
    """What another run was fed, drew and started from, for a run that is to do the same.

    Args:
        folder: Where the other run's tape is; None if there is none.
    """

    def __init__(self, folder: str | None):
        self.there = folder is not None
        self.contents: dict[str, Any] = {"events": [], "weights": []}
        self._arrays: Any = None
        if folder is not None:
            with open(os.path.join(folder, CONTENTS), encoding="utf-8") as file:
                self.contents = json.load(file)
            self._arrays = np.load(os.path.join(folder, ARRAYS))
        self._events = {event["place"]: event for event in self.contents["events"]}

    def array(self, stored: dict[str, Any]) -> Any:
        """Return what was stored."""
        return self._arrays[stored["key"]]

    def event(self, place: str) -> dict[str, Any] | None:
        """Return what happened at the same place in the other run, or None."""
        return self._events.get(place)

    def named(self, event: dict[str, Any], kind: str) -> dict[str, Any]:
        """Return arrays of an event by name.

        Args:
            event: Which.
            kind: `"feeds"`, `"sources"` or `"random"`.
        """
        return {item["name"]: self.array(item) for item in event.get(kind, ())}

    def weights(self) -> dict[str, Any]:
        """Return what the other run's variables were before its first step."""
        return {item["name"]: self.array(item) for item in self.contents["weights"]}
