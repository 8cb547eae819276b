"""Names inside TensorFlow's own modules that programs import although nothing promised them.

A line of a table is one of TensorFlow's modules and what it has: the attribute's name, the file here, and the name
there where it is another one. `golden/paths.tsv` has what is public; this is the rest that programs ask for.
"""

from onevar.v1.export import export_lazily

_FILES = """
python.ops.variables Variable variables.Variable; PartitionedVariable partitioned_variable.PartitionedVariable; \
RefVariable ref_variable.RefVariable; default_variable_creator variables.default_variable_creator
python.ops.variable_v1 VariableV1 variables.Variable; default_variable_creator variables.default_variable_creator
python.ops.ref_variable RefVariable ref_variable.RefVariable
python.ops.resource_variable_ops ResourceVariable resource_variable.ResourceVariable; \
BaseResourceVariable resource_variable.ResourceVariable; is_resource_variable variables.is_resource_variable; \
_UnreadVariable unread_variable.UnreadVariable
python.ops.array_ops constant array_ops_create.constant; shape_internal array_ops_shape.shape_internal; \
gather_v2 array_ops_index.gather; where_v2 array_ops_index.where_v2; _constant_if_small \
array_ops_create._constant_if_small; _all_dimensions array_ops_create.all_dimensions; \
slice_helper array_ops_index.slice_helper; _slice_helper array_ops_index.slice_helper
python.ops.array_ops_stack stack array_ops_shape.stack; unstack array_ops_shape.unstack
python.ops.confusion_matrix remove_squeezable_dimensions confusion_ops.remove_squeezable_dimensions; \
confusion_matrix_v1 confusion_ops.confusion_matrix
python.ops.control_flow_ops with_dependencies grouping_ops.with_dependencies; switch_case case_ops.switch_case
python.ops.cond cond control_flow_ops.cond
python.ops.while_loop while_loop while_ops.while_loop
python.ops.control_flow_case case case_ops.case; switch_case case_ops.switch_case
python.ops.control_flow_switch_case switch_case case_ops.switch_case
python.ops.metrics_impl metric_variable metric_variables.metric_variable; \
_remove_squeezable_dimensions metric_variables.aligned
python.ops.weights_broadcast_ops broadcast_weights broadcast_weights.broadcast_weights; \
assert_broadcastable broadcast_weights.assert_broadcastable
python.training.moving_averages assign_moving_average moving_averages.assign_moving_average; \
weighted_moving_average moving_averages.weighted_moving_average
python.training.slot_creator create_slot slot_creator.create_slot; create_zeros_slot \
slot_creator.create_zeros_slot; create_slot_with_initializer slot_creator.create_slot_with_initializer
python.framework.tensor_util constant_value framework.get_static_value; \
constant_value_as_shape internal_framework.constant_value_as_shape
python.ops.rnn _transpose_batch_time rnn_steps.transpose_batch_time; \
_best_effort_input_batch_size rnn_steps.best_effort_input_batch_size
python.ops.rnn_cell_impl _concat rnn_cell_base.joined; LayerRNNCell rnn_cell_base.LayerRNNCell; \
assert_like_rnncell rnn_cell_base.assert_like_rnncell; _zero_state_tensors rnn_cell_base.zero_state_tensors; \
_RNNCell rnn_cell_base.RNNCell
python.ops.variable_scope get_variable_scope_store scope_object.get_variable_scope_store; \
_VariableStore variable_store.VariableStore; _pure_variable_scope scope_object.PureVariableScope; \
EagerVariableStore variable_store.EagerVariableStore; with_variable_store variable_store.with_variable_store; \
_get_default_variable_store variable_store.default_variable_store
python.keras.engine.input_spec InputSpec layers_input_spec.InputSpec
python.keras.engine.base_layer Layer layers_base.Layer; InputSpec layers_input_spec.InputSpec
python.ops.sparse_ops _convert_to_sparse_tensor sparse_types.as_sparse
python.framework.sparse_tensor convert_to_tensor_or_sparse_tensor sparse_types.convert_to_tensor_or_sparse_tensor
python.ops.embedding_ops _embedding_lookup_and_transform nn_embedding.embedding_lookup
python.ops.check_ops _assert_same_base_type check_ops.assert_same_float_dtype; is_numeric_tensor \
check_ops.is_numeric_tensor
python.ops.gradients_impl gradients_v2 internal_framework.gradients_v2; _hessian_vector_product \
internal_framework.hessian_vector_product
"""


def _export() -> None:
    for line in _FILES.strip().splitlines():
        module, _, entries = line.partition(" ")
        for entry in entries.split(";"):
            name, target = entry.split()
            file, _, attribute = target.rpartition(".")
            if f"{module}.{name}" not in _TAKEN:
                export_lazily(f"{module}.{name}", file, attribute)


#: What another file exports itself.
_TAKEN: frozenset[str] = frozenset()

_export()
