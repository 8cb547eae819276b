"""Where a model keeps its layers and weights: the attributes that its `__init__` makes."""

from collections.abc import Callable

import libcst as cst

from onevar.migrate.rewrite.context import BaseContext
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs.reading import code, expression, read

#: Attributes that keras.Model has, or torch's modules, which Keras's layers are on torch.
_RESERVED_TEXT = """
    T_destination activity_regularizer add_loss add_metric add_module add_variable add_weight apply autocast bfloat16
    buffers build build_from_config built call call_super_init children compile compiled compute_dtype compute_loss
    compute_mask compute_metrics compute_output_shape compute_output_spec count_params cpu cuda dtype dtype_policy
    dump_patches distribute_strategy double eval evaluate export extra_repr fetched fit float forward from_config
    from_preset feed get_build_config get_buffer get_compile_config get_config get_extra_state get_layer
    get_metrics_result get_parameter get_quantization_layer_structure get_state_tree get_submodule get_weights half
    input input_dtype input_spec inputs ipu jit_compile layers layout load_own_variables load_state_dict load_weights
    losses loss make_predict_function make_test_function make_train_function metrics metrics_names metrics_variables
    modules mtia name named_buffers named_children named_modules named_parameters non_trainable_variables
    non_trainable_weights operation optimizer output outputs parameters path predict predict_function predict_on_batch
    predict_step quantization_mode quantize quantized_build quantized_call register_buffer register_module
    register_parameter remat_mode requires_grad_ rematerialized_call reset_metrics reset_states restore run_eagerly save
    save_own_variables save_weights seed_generator set_extra_state set_state_tree set_submodule set_weights
    share_memory stateless_call stateless_compute_loss state_dict steps_per_execution stop_training summary
    supports_jit supports_masking symbolic_call test_function test_on_batch test_step to to_empty to_json
    track_variable train train_and_fetch train_function train_on_batch train_step trainable trainable_variables
    trainable_weights training type untrack_variable unfreeze variable_dtype variables weights xpu zero_grad
"""
RESERVED = frozenset(_RESERVED_TEXT.split())


class ModelContext(BaseContext):
    """Where the statements of a graph are rewritten: inside a model's `call`, or a method that it calls.

    Args:
        names: What the module's names mean.
        imports: The module's new imports.
        outer: Says whether `__init__` can see a path.

    Attributes:
        made: The statements that `__init__` gets.
        target: What the statement at hand binds, as an identifier; names what it makes.
        hoists: Whether what is made may be kept: the statement runs once in each call.
        hidden: Names that the statement's function binds, which `__init__` can't see.
        trains: The name that says whether the model trains; None: there is none here.
        methods: Functions that are methods of the model.
    """

    def __init__(self, names: Names, imports: ModuleImports, outer: Callable[[str], bool]):
        super().__init__(names, imports, eager=True)
        self.made: list[str] = []
        self.target = ""
        self.hoists = False
        self.hidden: set[str] = set()
        self.trains: str | None = None
        self.seeded = True
        self.methods: set[str] = set()
        self._outer = outer
        self._attributes: set[str] = set()
        self._seed = False

    # -- what rules ask for -----------------------------------------------------------------------

    def layer(
        self, factory: cst.BaseExpression, name: str | None = None, reuse: cst.BaseExpression | None = None
    ) -> cst.BaseExpression | None:
        """Return the attribute that holds a layer; None where a layer can't be kept."""
        if reuse is not None and code(reuse) not in ("None", "False"):
            return None
        return self._kept(code(factory), factory, name or self.target or "layer")

    def weight(self, factory: cst.BaseExpression, name: str | None = None) -> cst.BaseExpression | None:
        """Return the attribute that holds a weight; None where a weight can't be kept."""
        text = code(factory)
        if text.startswith("add_weight("):
            text = f"self.{text}"
        return self._kept(text, factory, name or self.target or "weight")

    def _kept(self, text: str, factory: cst.BaseExpression, stem: str) -> cst.BaseExpression | None:
        if not self.hoists or not all(path == "self" or self._sees(path) for path in read(factory).loads):
            return None
        attribute = self._attribute(stem)
        self.made.append(f"self.{attribute} = {text}")
        return expression(f"self.{attribute}")

    def _sees(self, path: str) -> bool:
        return path.partition(".")[0] not in self.hidden and (path.startswith("self.") or self._outer(path))

    def _attribute(self, stem: str) -> str:
        plain = "".join(char if char.isalnum() else "_" for char in stem).strip("_") or "weight"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        plain = f"{plain}_" if plain in RESERVED or plain in self.methods else plain
        found, number = plain, 2
        while found in self._attributes:
            found, number = f"{plain}_{number}", number + 1
        self._attributes.add(found)
        return found

    def training(self) -> cst.BaseExpression | None:
        """Return the argument that says whether the model trains; None in a function that does not get it."""
        return None if self.trains is None else expression(self.trains)

    def seed(self) -> cst.BaseExpression:
        """Return the model's generator of seeds."""
        if not self.seeded:
            return super().seed()
        if not self._seed:
            self._seed = True
            keras = self.imports("import keras")
            self.made.insert(0, f"self.seeds = {keras}.random.SeedGenerator()")
            self._attributes.add("seeds")
        return expression("self.seeds")
