"""Calls of the ops of candidate sampling and of connectionist temporal classification."""

from onevar.conformance.golden.op_arrays import I64, case, f, v

_TRUE = v([1, 3], [0, 2], [4, 5], dtype=I64)
case("AllCandidateSampler", _TRUE, num_true=2, num_sampled=6, unique=True)
case("ComputeAccidentalHits", _TRUE, v(2, 7, 4, 0, 4, dtype=I64), num_true=2)
case("ComputeAccidentalHits", _TRUE, v(9, dtype=I64), num_true=2)

_PLACES = v([0, 0], [0, 1], [0, 2], [1, 0], [2, 0], [2, 1], [2, 2], [2, 3], dtype=I64)
_LABELS, _LENGTHS = v(0, 1, 1, 3, 0, 2, 0, 1), v(7, 5, 6)
for _options in (
    {},
    {"preprocess_collapse_repeated": True},
    {"ctc_merge_repeated": False},
    {"preprocess_collapse_repeated": True, "ctc_merge_repeated": False},
):
    case("CTCLoss", f(7, 3, 5, high=5), _PLACES, _LABELS, _LENGTHS, **_options)
case("CTCLoss", f(7, 3, 5), _PLACES, _LABELS, v(7, 5, 3), ignore_longer_outputs_than_inputs=True)
case("CTCGreedyDecoder", f(7, 3, 5), _LENGTHS)
case("CTCGreedyDecoder", f(7, 3, 5), _LENGTHS, merge_repeated=True, blank_index=1)
case("CTCBeamSearchDecoder", f(7, 3, 5), _LENGTHS, beam_width=100, top_paths=3, merge_repeated=False)
case("CTCBeamSearchDecoder", f(7, 3, 5, high=1), _LENGTHS, beam_width=5, top_paths=2)
