"""What `tf.gfile` does with files, folders and mistakes."""

import os
import pathlib
import tempfile

import tensorflow.compat.v1 as tf

g, io = tf.gfile, tf.io.gfile
os.chdir(tempfile.mkdtemp())


def tell(what, call):
    try:
        print(what, "->", repr(call()))
    except tf.errors.OpError as error:
        print(what, "!!", type(error).__name__, error.message, error.error_code, error.op, error.node_def)
    except Exception as error:  # noqa: BLE001
        print(what, "!!", type(error).__name__)


for path in ("nosuch", "nosuch/x"):
    for name in ("ListDirectory", "Remove", "DeleteRecursively", "MkDir", "Stat", "Exists", "IsDirectory", "Glob"):
        tell((name, path), lambda: getattr(g, name)(path))
        if os.path.isdir(path):
            os.rmdir(path)
tell("read nothing", lambda: g.GFile("nosuch").read())
tell("write nowhere", lambda: g.GFile("nosuch/x", "w").write("a"))
tell("open without writing", lambda: (g.GFile("nosuch/x", "w").close(), g.Exists("nosuch")))
for mode in ("rw", "", "x", "b", "rt", "ab+"):
    tell(("mode", mode), lambda: g.GFile("x", mode) and None)
tell("write a number", lambda: g.GFile("x", "w").write(3))
tell("read what is for writing", lambda: g.GFile("x", "w").read())
tell("write what is for reading", lambda: g.GFile("x", "r").write("x"))
tell("makedirs", lambda: (g.MakeDirs("a/b"), g.MakeDirs("a/b"), g.MkDir("a"), g.IsDirectory("a/b")))
with g.GFile("a/x.txt", "w") as file:
    file.write("héllo\nworld\n\nend")
    tell("writer", lambda: (file.name, file.mode, file.tell()))
file = g.Open("a/x.txt")
tell("readline", file.readline)
tell("tell", file.tell)
tell("size", file.size)
tell("read 3", lambda: file.read(3))
tell("readlines", file.readlines)
tell("at the end", lambda: (file.readline(), file.read(), file.readlines()))
for arguments in (
    {"offset": 0},
    {"offset": 2, "whence": 0},
    {"offset": -2, "whence": 2},
    {"offset": 1, "whence": 5},
    {},
):
    tell(("seek", arguments), lambda: (file.seek(**arguments), file.tell()))
    tell("read", file.read)
tell("seekable", file.seekable)
tell("next", lambda: (file.seek(0), next(file), file.next()))
tell("lines", lambda: list(g.FastGFile("a/x.txt", "rb")))
tell("read 2", lambda: g.GFile("a/x.txt", "rb").read(2))
tell("read half a letter", lambda: g.GFile("a/x.txt").read(2))
tell("read -1", lambda: g.GFile("a/x.txt").read(-1))
tell("read -2", lambda: g.GFile("a/x.txt").read(-2))
tell("copy", lambda: g.Copy("a/x.txt", "a/y.txt"))
tell("copy over", lambda: g.Copy("a/x.txt", "a/y.txt"))
tell("copy over, meant", lambda: g.Copy("a/x.txt", "a/y.txt", overwrite=True))
tell("copy nothing", lambda: g.Copy("no", "a/z"))
tell("rename over", lambda: g.Rename("a/y.txt", "a/x.txt"))
tell("rename over, meant", lambda: g.Rename("a/y.txt", "a/x.txt", True))
tell("rename nothing", lambda: g.Rename("a/y.txt", "a/w.txt"))
tell("rename folder", lambda: (g.Rename("a", "c"), g.Exists("c/x.txt"), g.IsDirectory("c"), g.IsDirectory("c/x.txt")))
tell("stat", lambda: (g.Stat("c/x.txt").length, g.Stat("c/x.txt").is_directory, g.Stat("c").is_directory))
tell("mtime", lambda: 0 <= g.Stat("c/x.txt").mtime_nsec / 1e9 - os.path.getmtime("c/x.txt") + 1 <= 2)
for name in ("w.txt", ".hidden"):
    g.GFile("c/" + name, "w").write("w")
for pattern in (
    "c/*",
    "c/[wx].txt",
    "c/?.txt",
    "zz*",
    "c/{x,w}.txt",
    "*/*.txt",
    "c/.*",
    "*",
    "c/x.txt",
    "c/b",
    "**/x.txt",
):
    tell(("glob", pattern), lambda: sorted(g.Glob(pattern)))
tell("glob list", lambda: g.Glob(["c/x*", "c/w*"]))
g.GFile("c/b/q", "w").write("q")
tell("walk", lambda: [(a, b, sorted(c)) for a, b, c in g.Walk("c")])
tell("walk up", lambda: [(a, b, sorted(c)) for a, b, c in g.Walk("c", in_order=False)])
tell("walk nothing", lambda: list(g.Walk("no")))
tell("list", lambda: sorted(g.ListDirectory("c")))
tell("list file", lambda: g.ListDirectory("c/x.txt"))
tell("remove folder", lambda: g.Remove("c"))
tell("read folder", lambda: g.GFile("c").read())
tell("copy folder", lambda: g.Copy("c", "d"))
if os.path.exists("d"):
    os.remove("d")
tell("makedirs below file", lambda: g.MakeDirs("c/x.txt/y"))
tell("delete", lambda: (g.Remove("c/w.txt"), g.DeleteRecursively("c/x.txt"), g.DeleteRecursively("c"), g.Exists("c")))
tell("append", lambda: [g.GFile("q", "a").write(x) for x in ("1", b"2", "ä")] and g.GFile("q").read())
tell("bytes", lambda: (g.GFile("r", "wb").write(b"\xff"), g.GFile("r", "rb").read()))
tell("not text", lambda: g.GFile("r").read())
tell("w+", lambda: g.GFile("q", "w+").read())
tell("paths", lambda: [g.Exists(pathlib.Path("q")), g.Exists(b"q"), g.Stat(b"q").length, g.Exists(""), g.Exists("no")])
tell("file scheme", lambda: g.GFile("file://" + os.path.abspath("q")).read())
tell("unknown scheme", lambda: g.GFile("nosuch://x/q").read())
tell("io copy", lambda: io.copy("q", "q2") or io.copy(src="q", dst="q2", overwrite=True))
tell("io", lambda: (io.exists("q2"), io.isdir("q2"), io.stat("q2").length, sorted(io.listdir(".")), io.glob("q2")))
tell(
    "io folders", lambda: (io.mkdir("m"), io.makedirs("m/n/o"), io.isdir("m/n/o"), io.rename("m", "k"), io.rmtree("k"))
)
tell("io remove", lambda: (io.remove("q2"), io.exists("q2")))
tell("io walk", lambda: [(a, b, sorted(c)) for a, b, c in io.walk(".", topdown=True)])
tell("io join", lambda: (io.join("a", "b", "/c", "d"), io.join("a", "b")))
tell("same class", lambda: (g.Open is g.GFile, g.GFile is io.GFile, isinstance(g.FastGFile("q"), object)))
