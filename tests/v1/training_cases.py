"""Calls of TensorFlow's training ops, for the recorder and for the test: every kind, every flag, whole and by rows."""

import numpy as np

HYPER = {
    "GradientDescent": {"alpha": 0.3},
    "ProximalGradientDescent": {"alpha": 0.3, "l1": 0.2, "l2": 0.1},
    "Momentum": {"lr": 0.3, "momentum": 0.8},
    "KerasMomentum": {"lr": 0.3, "momentum": 0.8},
    "Adam": {"beta1_power": 0.5, "beta2_power": 0.7, "lr": 0.3, "beta1": 0.8, "beta2": 0.9, "epsilon": 0.05},
    "AdamWithAmsgrad": {
        "beta1_power": 0.5, "beta2_power": 0.7, "lr": 0.3, "beta1": 0.8, "beta2": 0.9, "epsilon": 0.05,
    },
    "AdaMax": {"beta1_power": 0.5, "lr": 0.3, "beta1": 0.8, "beta2": 0.9, "epsilon": 0.05},
    "Adagrad": {"lr": 0.3},
    "AdagradV2": {"lr": 0.3, "epsilon": 0.05},
    "ProximalAdagrad": {"lr": 0.3, "l1": 0.2, "l2": 0.1},
    "AdagradDA": {"lr": 0.3, "l1": 0.2, "l2": 0.1},
    "Adadelta": {"lr": 0.3, "rho": 0.8, "epsilon": 0.05},
    "RMSProp": {"lr": 0.3, "rho": 0.8, "momentum": 0.5, "epsilon": 0.05},
    "CenteredRMSProp": {"lr": 0.3, "rho": 0.8, "momentum": 0.5, "epsilon": 0.05},
    "Ftrl": {"lr": 0.3, "l1": 0.2, "l2": 0.1, "lr_power": -0.5},
    "FtrlV2": {"lr": 0.3, "l1": 0.2, "l2": 0.1, "l2_shrinkage": 0.4, "lr_power": -0.4},
    "AddSign": {"lr": 0.3, "alpha": 1.1, "sign_decay": 0.7, "beta": 0.8},
    "PowerSign": {"lr": 0.3, "logbase": 0.9, "sign_decay": 0.7, "beta": 0.8},
}  # fmt: skip
SLOTS = {
    "Momentum": ["accum"], "KerasMomentum": ["accum"], "Adam": ["m", "v"], "AdamWithAmsgrad": ["m", "v", "vhat"],
    "AdaMax": ["m", "v"], "Adagrad": ["accum"], "AdagradV2": ["accum"], "ProximalAdagrad": ["accum"],
    "AdagradDA": ["gradient_accumulator", "gradient_squared_accumulator"], "Adadelta": ["accum", "accum_update"],
    "RMSProp": ["ms", "mom"], "CenteredRMSProp": ["mg", "ms", "mom"], "Ftrl": ["accum", "linear"],
    "FtrlV2": ["accum", "linear"], "AddSign": ["m"], "PowerSign": ["m"],
}  # fmt: skip
FLAGS = {
    "Momentum": "use_nesterov", "KerasMomentum": "use_nesterov", "Adam": "use_nesterov", "Adagrad": "update_slots",
    "AdagradV2": "update_slots", "Ftrl": "multiply_linear_by_lr", "FtrlV2": "multiply_linear_by_lr",
}  # fmt: skip
NO_ROWS = {"GradientDescent", "Adam", "AdamWithAmsgrad", "AdaMax", "AddSign", "PowerSign"}
DELTA = {"GradientDescent", "ProximalGradientDescent"}


def cases():
    """Yield `(name, op_type, variables, arguments)`; the first variable is `var`, the others are slots."""
    rng = np.random.RandomState(3)
    for kind, hyper in HYPER.items():
        variants = [{}]
        if kind in FLAGS:
            variants = [{FLAGS[kind]: True}, {FLAGS[kind]: False}]
        if kind in ("ProximalGradientDescent", "ProximalAdagrad", "AdagradDA"):
            variants = [{}, {"l1": 0.0}]
        for number, changed in enumerate(variants):
            for rows in (False, True):
                if rows and kind in NO_ROWS:
                    continue
                shape = (5, 2) if rows else (3, 4)
                variables = {"var": rng.randn(*shape)}
                variables.update({slot: rng.uniform(0.5, 1.5, shape) for slot in SLOTS.get(kind, ())})
                if "mg" in variables:
                    variables["mg"] *= 0.3  # the square of a mean is at most the mean of squares
                arguments = {**{key: np.float32(value) for key, value in hyper.items()}, **changed}
                arguments = {key: np.float32(v) if isinstance(v, float) else v for key, v in arguments.items()}
                if kind == "AdagradDA":
                    arguments["global_step"] = np.int64(3)
                if rows:
                    arguments["indices"] = np.array([3, 0, 4], np.int32)
                gradient = rng.randn(*((3, 2) if rows else shape)).astype(np.float32)
                arguments["delta" if kind in DELTA and not rows else "grad"] = gradient
                op_type = f"Resource{'Sparse' if rows else ''}Apply{kind}"
                yield f"{op_type}-{number}", op_type, {k: v.astype(np.float32) for k, v in variables.items()}, arguments
