"""Names of tf.data below `tensorflow.python.data`, for programs and tests that look there."""

from typing import Any

from onevar.core.data.base import INFINITE, UNKNOWN
from onevar.v1 import (
    dataset_core,
    dataset_iterator,
    dataset_optional,
    dataset_readers,
    dataset_settings,
    dataset_structure,
    dataset_types,
    type_specs,
)
from onevar.v1.export import export_value

_OPS: dict[str, dict[str, Any]] = {
    "dataset_ops": {
        "Dataset": dataset_types.Dataset, "DatasetV1": dataset_types.Dataset, "DatasetV2": dataset_types.Dataset,
        "DatasetV1Adapter": dataset_types.Dataset, "UnaryDataset": dataset_types.Dataset,
        "DatasetSpec": dataset_core.DatasetSpec, "DatasetStructure": dataset_core.DatasetSpec,
        "Options": dataset_settings.Options, "OptionsV1": dataset_settings.Options,
        "AUTOTUNE": dataset_core.AUTOTUNE, "INFINITE": INFINITE, "UNKNOWN": UNKNOWN,
        "NumpyIterator": dataset_iterator.EagerIterator,
        "get_structure": dataset_core.get_structure,
        "get_legacy_output_types": dataset_core.get_output_types,
        "get_legacy_output_shapes": dataset_core.get_output_shapes,
        "get_legacy_output_classes": dataset_core.get_output_classes,
        "make_one_shot_iterator": dataset_iterator.make_one_shot_iterator,
        "make_initializable_iterator": dataset_iterator.make_initializable_iterator,
    },
    "iterator_ops": {
        "Iterator": dataset_iterator.Iterator, "OwnedIterator": dataset_iterator.EagerIterator,
        "IteratorBase": dataset_iterator.Iterator,
        "GET_NEXT_CALL_WARNING_THRESHOLD": dataset_iterator.GET_NEXT_CALL_WARNING_THRESHOLD,
        "GET_NEXT_CALL_WARNING_MESSAGE": dataset_iterator.GET_NEXT_CALL_WARNING_MESSAGE,
        "get_next_as_optional": dataset_optional.get_next_as_optional,
    },
    "optional_ops": {
        "Optional": dataset_optional.Optional, "OptionalSpec": dataset_optional.OptionalSpec,
        "OptionalStructure": dataset_optional.OptionalSpec,
    },
    "readers": {
        f"{name}{version}": getattr(dataset_readers, name)
        for name in ("TFRecordDataset", "TextLineDataset", "FixedLengthRecordDataset")
        for version in ("", "V1", "V2")
    },
    "options": {"Options": dataset_settings.Options, "ThreadingOptions": dataset_settings.ThreadingOptions},
}  # fmt: skip

_UTIL: dict[str, dict[str, Any]] = {
    "nest": {
        "flatten": dataset_structure.flat, "pack_sequence_as": dataset_structure.packed,
        "map_structure": dataset_structure.mapped, "is_sequence": dataset_structure.nested,
        "is_nested": dataset_structure.nested, "flatten_up_to": dataset_structure.flat_up_to,
        "assert_same_structure": dataset_structure.check_same, "map_structure_up_to": dataset_structure.mapped_up_to,
    },
    "structure": {
        "type_spec_from_value": dataset_structure.spec_of_element, "are_compatible": dataset_structure.compatible,
        "normalize_element": dataset_structure.normalized, "to_tensor_list": dataset_structure.to_flat,
        "from_tensor_list": dataset_structure.from_flat, "from_compatible_tensor_list": dataset_structure.from_flat,
        "get_flat_tensor_types": dataset_structure.flat_types, "get_flat_tensor_shapes": dataset_structure.flat_shapes,
        "convert_legacy_structure": dataset_structure.from_legacy, "NoneTensorSpec": type_specs.NoneTensorSpec,
        "NoneTensor": type(None), "Structure": type_specs.TypeSpec,
        "TensorStructure": dataset_structure.TensorStructure,
        "SparseTensorStructure": dataset_structure.SparseTensorStructure,
    },
}  # fmt: skip

for _folder, _modules in (("ops", _OPS), ("util", _UTIL)):
    for _module, _names in _modules.items():
        for _name, _value in _names.items():
            export_value(f"python.data.{_folder}.{_module}.{_name}", _value)
for _name in ("TensorSpec", "TypeSpec"):
    export_value(f"python.framework.tensor_spec.{_name}", getattr(type_specs, _name))
export_value("python.framework.type_spec.TypeSpec", type_specs.TypeSpec)
export_value("python.framework.sparse_tensor.SparseTensorSpec", type_specs.SparseTensorSpec)
