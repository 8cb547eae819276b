"""Write `v1_names.md` beside this file: every public name of TensorFlow 1, and whether onevar has it.

The names are those of TensorFlow 1.15 and of `tf.compat.v1` in the newest (`onevar.migrate.names`); what is said of
each is asked of onevar's registry (`onevar.migrate.judge`), as `onevar audit` does::

    python docs/record_names.py
"""

from collections import defaultdict
from pathlib import Path

from onevar.migrate import judge, names

PAGE = Path(__file__).with_name("v1_names.md")
HEAD = """# Which names of TensorFlow 1 are here

Written by `docs/record_names.py` from onevar's registry; do not edit. A name counts as here if it does its work;
names that are only there to say what to use instead are among those that are not. `onevar audit PATH` says the same of
the names that your files use, with what to do about each.

| namespace | here | of | not here |
|---|---:|---:|---|
"""
FOOT = """
**{here} of {total} names are here.** If you need one that is not, open an issue with the name, the program that uses it
(or the lines around the call), and what it should compute; a test against TensorFlow is half of the work.
"""
_DEPTH = {"contrib": 2, "keras": 1, "estimator": 1}
LISTED = 60  # a namespace that lacks more is told in a number


def rows() -> dict[str, tuple[int, list[str]]]:
    """Return, by namespace, how many names are here and which are not."""
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    namespaces = {name.rpartition(".")[0] for name in names.known()}
    for name in names.known() - namespaces:
        space = name.rpartition(".")[0]
        parts = space.split(".")
        # A package of contrib, and a family of which little is here, is one line.
        short = ".".join(parts[: _DEPTH.get(parts[0], len(parts))])
        found[short].append((name[len(short) :].lstrip("."), judge.is_here(name)))
    return {
        space: (sum(here for _, here in listed), sorted(name for name, here in listed if not here))
        for space, listed in found.items()
    }


def page() -> str:
    """Return the page."""
    lines, here, total = [], 0, 0
    for space, (count, missing) in sorted(rows().items()):
        here, total = here + count, total + count + len(missing)
        listed = ", ".join(f"`{name}`" for name in missing) if len(missing) <= LISTED else f"{len(missing)} names"
        lines.append(f"| `{f'tf.{space}' if space else 'tf'}` | {count} | {count + len(missing)} | {listed} |")
    return HEAD + "\n".join(lines) + "\n" + FOOT.format(here=here, total=total)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
