"""Record where TensorFlow's internal modules keep what it publishes.

Programs import from `tensorflow.python.ops` and its like, although nothing promised those paths. This writes
`paths.tsv` and `imported.tsv` beside itself, from two sources: the installed TensorFlow, where an object with a name
in `tf.compat.v1` is looked for in every internal module, and the sources of TensorFlow 1.15, which are read and not
run::

    pip download tensorflow-cpu==1.15.0 --python-version 37 --only-binary=:all: --no-deps
    unzip -d wheel tensorflow_cpu-1.15.0-*.whl '*.py'
    python record_paths.py wheel/tensorflow_core

A line is a module, below `tensorflow.`, and what it has: `add` where the public name is the attribute's own,
`relu=nn.relu` where it has another; `.` is the path of the attribute itself, where that is public (contrib's packages).
A line of `imported.tsv` is a name by which internal modules have another module, and that module: for all of them, or
for one, `module.name`; that path again where one module has something else by that name. Facts alone: what is imported
from where.
"""

import ast
import importlib
import os
import pkgutil
import sys
import types
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

INTERNAL = "python", "core"
#: Packages of TensorFlow 1.15 that hold nothing for programs: its tools, and the Keras that has a name of its own.
SKIPPED_SOURCES = "python._", "python.tools.", "python.keras."
#: Packages of the installed TensorFlow that no program of TensorFlow 1 can have imported from.
SKIPPED = tuple(f"python.{n}" for n in ("_", "tools.", "compiler.mlir", "tpu.", "distribute.", "keras."))
#: An object's identity in the sources: the module that defines it, and its name there.
Origin = tuple[str, str]


class Sources:
    """What each module of an unpacked TensorFlow 1 has, found by reading its import statements."""

    def __init__(self, root: Path):
        self.root = root
        self.found: dict[str, dict[str, Origin]] = {}

    def file(self, module: str) -> Path | None:
        """Return the file of a module, its name below `tensorflow`; None where there is none."""
        path = self.root.joinpath(*module.split(".")) if module else self.root
        if (path / "__init__.py").exists():
            return path / "__init__.py"
        return path.with_suffix(".py") if path != self.root and path.with_suffix(".py").exists() else None

    def namespace(self, module: str) -> dict[str, Origin]:
        """Return the top-level names of a module, and where each comes from."""
        if module in self.found:
            return self.found[module]
        names = self.found[module] = {}
        path = self.file(module)
        if path is None:
            return names
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom):
                self.take_import(node, names)
        for node in ast.parse(path.read_bytes()).body:
            self.take_definition(node, module, names)
        return names

    def take_import(self, node: ast.ImportFrom, names: dict[str, Origin]) -> None:
        """Add what `from tensorflow.x import y as z` brings."""
        top, _, source = (node.module or "").partition(".")
        if node.level or top not in ("tensorflow", "tensorflow_core"):
            return
        for alias in node.names:
            if alias.name == "*":
                names.update({k: v for k, v in self.namespace(source).items() if not k.startswith("_")})
            elif self.file(f"{source}.{alias.name}"):
                names[alias.asname or alias.name] = (f"{source}.{alias.name}", "")
            elif alias.name in self.namespace(source):
                names[alias.asname or alias.name] = self.namespace(source)[alias.name]

    def take_definition(self, node: ast.stmt, module: str, names: dict[str, Origin]) -> None:
        """Add a function, a class, a constant, or another name for one of those."""
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = (module, node.name)
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            return
        name, value = node.targets[0].id, node.value
        names[name] = (module, name)
        if isinstance(value, ast.Name) and value.id in names:
            names[name] = names[value.id]
        elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            source, attribute = names.get(value.value.id, ("", "?"))
            names[name] = self.namespace(source).get(value.attr, names[name]) if not attribute else names[name]

    def modules(self, skipped: tuple[str, ...] = SKIPPED_SOURCES) -> list[str]:
        """Return the names of all internal modules and packages."""
        found = []
        for top in (*INTERNAL, "contrib", "examples"):
            pattern = "*/__init__.py" if top == "contrib" else "**/*.py"
            for path in sorted((self.root / top).glob(pattern)):
                parts = path.relative_to(self.root).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                if not name.startswith(skipped) and not name.endswith("_test"):
                    found.append(name)
        return found

    def public(self) -> dict[Origin, list[str]]:
        """Return the public names of each object: those of the generated API, and of contrib's packages."""
        names: dict[Origin, list[str]] = defaultdict(list)
        for path in sorted((self.root / "_api" / "v1").rglob("*.py")):
            parts = path.relative_to(self.root / "_api" / "v1").with_suffix("").parts
            if parts[0] in ("compat", "raw_ops", "__init__"):
                continue
            prefix = ".".join(part for part in parts if part not in ("v1", "__init__"))
            for name, origin in self.namespace(".".join(("_api", "v1", *parts)).removesuffix(".__init__")).items():
                if origin[1] and not name.startswith("_"):
                    names[origin].append(f"{prefix}.{name}".lstrip("."))
        for path in sorted((self.root / "contrib").glob("*/__init__.py")):
            package = f"contrib.{path.parent.name}"
            for name, origin in self.namespace(package).items():
                if origin[1] and not name.startswith("_"):
                    names[origin].append(f"{package}.{name}")
        return names

    def table(self) -> dict[str, dict[str, list[str]]]:
        """Return the public names of every attribute of every module."""
        public = self.public()
        table = {
            module: {name: public[origin] for name, origin in self.namespace(module).items() if origin in public}
            for module in self.modules()
        }
        # Inside contrib's packages the names are enough: all that programs take from there, the packages have.
        for name in self.inside_contrib():
            table.setdefault(name, {})
        return table

    def inside_contrib(self) -> list[str]:
        """Return the names of all modules of contrib's packages that are no tests, nor generated."""
        paths = sorted((self.root / "contrib").rglob("*.py"))
        names = [
            ".".join(path.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__") for path in paths
        ]
        left_out = ".kernel_tests", ".ops.gen_"
        return [
            name
            for name in names
            if not name.endswith(("_test", "_test_lib")) and not any(part in name for part in left_out)
        ]

    def imported(self) -> dict[str, str]:
        """Return the modules that other modules import, by name; by `module.name` where modules differ."""
        modules = self.modules(SKIPPED)
        uses: dict[str, Counter[str]] = defaultdict(Counter)
        places: dict[str, str] = {}
        for module in modules:
            for name, (source, attribute) in self.namespace(module).items():
                if not attribute and not name.startswith("_") and source in modules and source != f"{module}.{name}":
                    uses[name][source] += 1
                    places[f"{module}.{name}"] = source
        found = {name: sources.most_common(1)[0][0] for name, sources in uses.items()}
        differ = {place: source for place, source in places.items() if found[place.rpartition(".")[2]] != source}
        return found | differ | self.own(found) | self.handed_on()

    def own(self, imported: dict[str, str]) -> dict[str, str]:
        """Return what modules have that is no module, but has the name of one that others import: as itself."""
        return {
            place: place
            for module in {*self.modules(()), *self.inside_contrib()}
            for name, (_, attribute) in self.namespace(module).items()
            if attribute and name in imported
            for place in [f"{module}.{name}"]
        }

    def handed_on(self) -> dict[str, str]:
        """Return the modules of packages that contrib's packages take everything from, as `module.name`."""
        found = {}
        for path in sorted((self.root / "contrib").glob("*/__init__.py")):
            package, text = f"contrib.{path.parent.name}", path.read_text(encoding="utf-8")
            for node in [] if "remove_undocumented" in text else ast.parse(text).body:
                if not isinstance(node, ast.ImportFrom) or node.names[0].name != "*":
                    continue
                source = str(node.module).removeprefix("tensorflow.")
                for module in sorted(self.root.joinpath(*source.split(".")).glob("[a-z]*.py")):
                    origin, _ = self.namespace(package).get(module.stem, ("", ""))
                    if not module.stem.endswith("_test") and not origin.startswith(f"{package}."):
                        found[f"{package}.{module.stem}"] = f"{source}.{module.stem}"
        return found


def public_objects(tf: Any) -> dict[int, list[str]]:
    """Return the names of every object that `tf.compat.v1` of the installed TensorFlow reaches, by the object's id."""
    names: dict[int, list[str]] = defaultdict(list)
    seen: set[int] = set()

    def walk(module: Any, prefix: str) -> None:
        if id(module) in seen:
            return
        seen.add(id(module))
        for name in dir(module):
            if name.startswith("_") or name in ("keras", "compat", "v2", "raw_ops"):
                continue
            value = getattr(module, name, None)
            if isinstance(value, types.ModuleType) and "_api.v2" in getattr(value, "__name__", ""):
                walk(value, f"{prefix}{name}.")
            elif callable(value) or isinstance(value, tf.DType):
                names[id(value)].append(prefix + name)

    walk(tf.compat.v1, "")
    return names


def installed() -> dict[str, dict[str, list[str]]]:
    """Return the public names of every attribute of the installed TensorFlow's modules."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf = importlib.import_module("tensorflow")
    public = public_objects(tf)
    table: dict[str, dict[str, list[str]]] = {}
    for top in INTERNAL:
        package = importlib.import_module(f"tensorflow.{top}")
        for _, name, _ in pkgutil.walk_packages(package.__path__, f"tensorflow.{top}.", onerror=lambda name: None):
            if name.removeprefix("tensorflow.").startswith(SKIPPED) or name.endswith("_test"):
                continue
            try:
                module = importlib.import_module(name)
            except Exception as error:  # a module that wants a GPU library, a test's data, ...
                print(f"left out: {name}: {type(error).__name__}")
                continue
            constants = {key: list(names) for names, key in vars(module).get("_tf_api_constants_v1", ())}
            cells = {key: constants.get(key) or public.get(id(value)) for key, value in vars(module).items()}
            table[name.removeprefix("tensorflow.")] = {k: v for k, v in cells.items() if v and not k.startswith("_")}
    return table


def cell(module: str, name: str, names: set[str]) -> str:
    """Return what the table says of one attribute; nothing where only contrib published it, and this is not contrib."""
    public = sorted((n for n in names if not n.startswith("contrib.")), key=lambda n: (n.count("."), n))
    if module.startswith("contrib."):
        # One of contrib's packages hands on what another has: `contrib.slim.conv2d` is `contrib.layers.conv2d`.
        own = ["."] if f"{module}.{name}" in names else []
        public = own + public + sorted(n for n in names if n.startswith("contrib.layers.") and n != f"{module}.{name}")
    if not public:
        return ""
    return name if public == [name] else f"{name}={','.join(public)}"


def main() -> None:
    """Write the tables."""
    sources = Sources(Path(sys.argv[1]))
    rows = [f"{name}\t{module}" for name, module in sorted(sources.imported().items())]
    rows.insert(0, "# TensorFlow 1.15: a name that internal modules have, and the module that it is")
    Path(__file__).with_name("imported.tsv").write_text("\n".join(rows) + "\n")
    merged: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for table in (sources.table(), installed()):
        for module, cells in table.items():
            for name, names in cells.items() or {"": ()}.items():
                merged[module][name].update(names)
    for found in merged.values():
        # `math_ops.reduce_sum` is that of TensorFlow 2: its arguments are the first ones of the public `reduce_sum_v1`.
        for name in [name for name in found if name.endswith("_v1")]:
            found.setdefault(name.removesuffix("_v1"), found[name])
    lines = ["# TensorFlow 1.15 and 2.21: internal module, and its attributes that have a public name in TensorFlow 1"]
    for module, found in sorted(merged.items()):
        row = [cell(module, name, names) for name, names in sorted(found.items())]
        lines.append(f"{module}\t{' '.join(filter(None, row))}")
    Path(__file__).with_name("paths.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
