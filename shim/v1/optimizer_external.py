"""`tf.contrib.opt.ScipyOptimizerInterface`: loss and gradient as functions of one vector, for other optimizers."""

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from onevar.core.build import op
from onevar.core.session import get_default_session
from onevar.v1.array_ops_create import placeholder, zeros_like
from onevar.v1.array_ops_shape import concat, reshape
from onevar.v1.export import export
from onevar.v1.gradients_impl import gradients
from onevar.v1.variable_collections import trainable_variables

_Function = Callable[[np.ndarray], list[Any]]


def _shape(variable: Any) -> tuple[int, ...]:
    return tuple(variable.get_shape().as_list())


def _gradients(tensor: Any, variables: Sequence[Any]) -> list[Any]:
    found = gradients(tensor, variables)
    return [zeros_like(v) if g is None else g for v, g in zip(variables, found, strict=True)]


@export("contrib.opt.ExternalOptimizerInterface")
class ExternalOptimizerInterface:
    """Minimizes a loss by an optimizer outside of the graph; subclasses say which in `_minimize`.

    Args:
        loss: A scalar tensor.
        var_list: What is changed; None is all trainable variables.
        equalities: Tensors that are to become zero, if the optimizer can do that.
        inequalities: Tensors that are to stay non-negative, the same.
        var_to_bounds: A mapping from variables to `(lower, upper)`, numbers or arrays that broadcast to the variable.
        **optimizer_kwargs: What the optimizer gets.
    """

    def __init__(
        self, loss: Any, var_list: Sequence[Any] | None = None, equalities: Sequence[Any] | None = None,
        inequalities: Sequence[Any] | None = None, var_to_bounds: Mapping | None = None, **optimizer_kwargs: Any,
    ):  # fmt: skip
        self._loss = loss
        self._equalities = list(equalities or [])
        self._inequalities = list(inequalities or [])
        self._vars = list(trainable_variables() if var_list is None else var_list)
        self._packed_bounds = None if var_to_bounds is None else self._bounds(var_to_bounds)
        self._update_placeholders = [placeholder(var.dtype.base_dtype) for var in self._vars]
        self._var_updates = [
            var.assign(reshape(given, _shape(var)))
            for var, given in zip(self._vars, self._update_placeholders, strict=True)
        ]
        loss_grads = _gradients(loss, self._vars)
        equality_grads = [_gradients(tensor, self._vars) for tensor in self._equalities]
        inequality_grads = [_gradients(tensor, self._vars) for tensor in self._inequalities]
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_var = self._pack(self._vars)
        self._packed_loss_grad = self._pack(loss_grads)
        self._packed_equality_grads = [self._pack(grads) for grads in equality_grads]
        self._packed_inequality_grads = [self._pack(grads) for grads in inequality_grads]
        ends = accumulate((int(np.prod(_shape(var), dtype=np.int64)) for var in self._vars), initial=0)
        self._packing_slices = [slice(start, end) for start, end in pairwise(ends)]

    def _bounds(self, var_to_bounds: Mapping) -> list[tuple[float, float]]:
        known = {var.ref(): bounds for var, bounds in var_to_bounds.items()}
        packed: list[tuple[float, float]] = []
        for var in self._vars:
            lower, upper = known.get(var.ref(), (-np.inf, np.inf))
            sides = (np.broadcast_to(side, _shape(var)).reshape(-1).tolist() for side in (lower, upper))
            packed.extend(zip(*sides, strict=True))
        return packed

    def minimize(
        self, session: Any = None, feed_dict: Mapping | None = None, fetches: Sequence[Any] | None = None,
        step_callback: Callable | None = None, loss_callback: Callable | None = None, **run_kwargs: Any,
    ) -> None:  # fmt: skip
        """Minimize the loss, and give the variables what was found.

        Args:
            session: A Session; None is the default one.
            feed_dict: Values for placeholders.
            fetches: What is computed along with each evaluation of the loss.
            step_callback: Called with the packed variables after each step of the optimizer.
            loss_callback: Called with the values of `fetches` after each evaluation.
            **run_kwargs: What `Session.run` gets when the variables are written.
        """
        session = get_default_session() if session is None else session
        feeds, wanted = dict(feed_dict or {}), list(fetches or [])

        def evaluations(tensors: Sequence[Any]) -> list[_Function]:
            return [self._make_eval_func(tensor, session, feeds, wanted) for tensor in tensors]

        found = self._minimize(
            initial_val=session.run(self._packed_var),
            loss_grad_func=self._make_eval_func(
                [self._loss, self._packed_loss_grad], session, feeds, wanted, loss_callback
            ),
            equality_funcs=evaluations(self._equalities),
            equality_grad_funcs=evaluations(self._packed_equality_grads),
            inequality_funcs=evaluations(self._inequalities),
            inequality_grad_funcs=evaluations(self._packed_inequality_grads),
            packed_bounds=self._packed_bounds,
            step_callback=step_callback or (lambda _: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        parts = [found[part] for part in self._packing_slices]
        session.run(self._var_updates, feed_dict=dict(zip(self._update_placeholders, parts, strict=True)), **run_kwargs)

    def _minimize(
        self, initial_val: np.ndarray, loss_grad_func: _Function, equality_funcs: Sequence[_Function],
        equality_grad_funcs: Sequence[_Function], inequality_funcs: Sequence[_Function],
        inequality_grad_funcs: Sequence[_Function], packed_bounds: Any, step_callback: Callable,
        optimizer_kwargs: Mapping[str, Any],
    ) -> np.ndarray:  # fmt: skip
        """Return the packed variables that the optimizer finds.

        Args:
            initial_val: The packed variables now.
            loss_grad_func: Packed variables to `[loss, gradient]`.
            equality_funcs: Packed variables to one value each.
            equality_grad_funcs: Their gradients.
            inequality_funcs: As for equalities.
            inequality_grad_funcs: As for equalities.
            packed_bounds: `(lower, upper)` for each number, or None.
            step_callback: To call after each step.
            optimizer_kwargs: What the program gave for the optimizer.
        """
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() method."
        )

    @classmethod
    def _pack(cls, tensors: Sequence[Any]) -> Any:
        """Return tensors as one vector.

        Args:
            tensors: Of one dtype.
        """
        if not tensors:
            return None
        flat = [op("Reshape", tensor=tensor, shape=[-1]) for tensor in tensors]
        return flat[0] if len(flat) == 1 else concat(flat, 0)

    def _make_eval_func(
        self, tensors: Any, session: Any, feed_dict: Mapping, fetches: Sequence[Any], callback: Any = None
    ) -> _Function:
        """Return a function of the packed variables.

        Args:
            tensors: What it computes.
            session: A Session.
            feed_dict: Values for placeholders.
            fetches: What is computed as well.
            callback: Gets the values of `fetches`.
        """
        wanted = list(tensors) if isinstance(tensors, list) else [tensors]

        def evaluate(x: np.ndarray) -> list[Any]:
            given = {
                var: x[part].reshape(_shape(var)) for var, part in zip(self._vars, self._packing_slices, strict=True)
            }
            values = session.run([*wanted, *fetches], feed_dict={**given, **feed_dict})
            if callable(callback):
                callback(*values[len(wanted) :])
            return values[: len(wanted)]

        return evaluate


@export("contrib.opt.ScipyOptimizerInterface")
class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes a loss by `scipy.optimize.minimize`, L-BFGS-B unless `method` says otherwise.

    Further arguments are those of `scipy.optimize.minimize`, `options={"maxiter": 100}` above all.
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self, initial_val: np.ndarray, loss_grad_func: _Function, equality_funcs: Sequence[_Function],
        equality_grad_funcs: Sequence[_Function], inequality_funcs: Sequence[_Function],
        inequality_grad_funcs: Sequence[_Function], packed_bounds: Any, step_callback: Callable,
        optimizer_kwargs: Mapping[str, Any],
    ) -> np.ndarray:  # fmt: skip
        def value_and_gradient(x: np.ndarray) -> tuple[Any, np.ndarray]:
            loss, gradient = loss_grad_func(x)
            return np.float64(loss), gradient.astype("float64")

        pairs = [
            *(("eq", *two) for two in zip(equality_funcs, equality_grad_funcs, strict=True)),
            *(("ineq", *two) for two in zip(inequality_funcs, inequality_grad_funcs, strict=True)),
        ]
        constraints = [{"type": kind, "fun": _first(value), "jac": _first(slope)} for kind, value, slope in pairs]
        given = dict(optimizer_kwargs)
        ours = {
            "jac": True, "callback": step_callback, "method": given.pop("method", self._DEFAULT_METHOD),
            "constraints": constraints, "bounds": packed_bounds,
        }  # fmt: skip
        for name in ours:
            if name in given:
                if name == "bounds":
                    raise ValueError("Bounds must be set using the var_to_bounds argument")
                raise ValueError(f"Optimizer keyword arg '{name}' is set automatically and cannot be injected manually")
        result = _scipy().minimize(value_and_gradient, initial_val.astype("float64"), **ours, **given)
        lines = [
            "Optimization terminated with:", f"  Message: {result.message}",
            f"  Objective function value: {float(result.fun):f}",
        ]  # fmt: skip
        if hasattr(result, "nit"):
            lines.append(f"  Number of iterations: {result.nit}")
        if hasattr(result, "nfev"):
            lines.append(f"  Number of functions evaluations: {result.nfev}")
        logging.getLogger("tensorflow").info("\n".join(lines))
        return result["x"]


def _first(function: _Function) -> Callable[[np.ndarray], Any]:
    def only(x: np.ndarray) -> Any:
        return np.asarray(function(x)[0], np.float64)

    return only


def _scipy() -> Any:
    try:
        return import_module("scipy.optimize")
    except ImportError as error:
        raise ImportError("tf.contrib.opt.ScipyOptimizerInterface needs scipy: pip install scipy.") from error
