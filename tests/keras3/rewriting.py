"""Rewrites single expressions, in a place where values are tensors of Keras's backend."""

import ast
import os
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper

from onevar.migrate import bindings
from onevar.migrate.rewrite import expressions
from onevar.migrate.rewrite.context import BaseContext
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.rewrite.names import Names
from onevar.migrate.sources import Source, Tree

#: JAX compiles each operation of each shape anew: there, every third case is tried.
STRIDE = 3 if os.environ.get("KERAS_BACKEND") == "jax" else 1
HEAD = "import tensorflow as tf\nfrom tensorflow.contrib import slim\n"


class Trial(BaseContext):
    """A place for one expression: layers and weights are made where they are used."""

    def __init__(self, names, imports, eager=True):
        super().__init__(names, imports, eager=eager)
        self.layers = []
        self.counts = {"layer": 0}

    def layer(self, factory, name=None, reuse=None):
        self.layers.append(cst.Module([]).code_for_node(factory))
        return cst.parse_expression(f"made[{len(self.layers) - 1}]")

    def weight(self, factory, name=None):
        return factory

    def training(self):
        return cst.Name("training")

    def seed(self):
        return cst.Name("seed")


class Rewriting:
    """What became of an expression.

    Attributes:
        text: The new expression.
        imports: The imports that it needs.
        layers: What makes its layers.
        left: The reasons for what stays.
        notes: What is said about what does not.
    """

    def __init__(self, text, eager=True, before=""):
        code = HEAD + before + f"\nresult = ({text})\n"
        path = Path("program.py")
        source = Source(path, "program", ast.parse(code), lines=tuple(code.splitlines()))
        wrapper = MetadataWrapper(cst.parse_module(code))
        names = Names(source, wrapper, bindings.exports(Tree(Path("."), sources={path: source})))
        imports = ModuleImports(names)
        context = Trial(names, imports, eager)
        value = wrapper.module.body[-1].body[0].value
        self.text = wrapper.module.code_for_node(expressions.convert(value, context))
        marks = context.ledger.marks.values()
        self.layers = context.layers
        self.left = [mark.reason for mark in marks if mark.status != "rewritten"]
        self.notes = [mark.reason for mark in marks if mark.status == "rewritten" and mark.reason]
        self.imports = imports.lines({"keras", "ops", "np", "os", "math", "shutil", "onevar"})

    def __repr__(self):
        return f"{self.text}  # {self.left}"
