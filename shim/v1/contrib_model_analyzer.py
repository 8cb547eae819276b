"""`tf.contrib.slim.model_analyzer`: how large the variables and the operations of a graph are."""

import sys
from typing import Any

from onevar.v1.export import export


@export("contrib.slim.model_analyzer.tensor_description")
def tensor_description(var: Any) -> str:
    """Return type and shape in a few characters: `"(float32 3x4)"`.

    Args:
        var: A variable or a tensor.
    """
    sizes = "x".join(str(size) for size in var.get_shape())
    return f"({var.dtype.name} {sizes})"


@export("contrib.slim.model_analyzer.analyze_ops")
def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """Return how many elements the outputs of a graph's operations have, as far as their shapes are known.

    Args:
        graph: The graph.
        print_info: Whether to print a line for each operation.
    """
    lines = ["---------", "Operations: name -> (type shapes) [size]", "---------"]
    total = 0
    for operation in graph.get_operations():
        shapes = [tensor_description(one) for one in operation.outputs if one.get_shape()]
        size = sum(one.get_shape().num_elements() or 0 for one in operation.outputs)
        lines.append(f"{operation.name} \t-> {', '.join(shapes)} [{size}]")
        total += size
    _print(lines, print_info)
    return total


@export("contrib.slim.model_analyzer.analyze_vars")
def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """Return how many elements variables have in all, and how many bytes.

    Args:
        variables: The variables.
        print_info: Whether to print a line for each.
    """
    lines = ["---------", "Variables: name (type shape) [size]", "---------"]
    total = total_bytes = 0
    for one in variables:
        size = one.get_shape().num_elements() or 0
        lines.append(f"{one.name} {tensor_description(one)} [{size}, bytes: {size * one.dtype.size}]")
        total, total_bytes = total + size, total_bytes + size * one.dtype.size
    lines += [f"Total size of variables: {total}", f"Total bytes of variables: {total_bytes}"]
    _print(lines, print_info)
    return total, total_bytes


def _print(lines: list[str], wanted: bool) -> None:
    if wanted:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
