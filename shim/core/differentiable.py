"""Where gradients flow in a graph, and where TensorFlow says that none do."""

from collections.abc import Callable, Collection, Iterable, Sequence

from onevar.core.operation import Operation, Tensor
from onevar.core.reach import dependencies

_TRAINABLE = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128", "resource", "variant"})

#: Op types for which TensorFlow registers that there is no gradient (its gradient registry, 2.21).
NO_GRADIENT = frozenset(
    """
    ApproximateEqual AsString Assert Assign AssignAdd AssignSub AudioMicrofrontend AudioSummary AudioSummaryV2
    BitwiseAnd BitwiseOr BitwiseXor BroadcastGradientArgs CTCBeamSearchDecoder CTCGreedyDecoder ConcatOffset Const
    DecodeBase64 DecodePaddedRaw DecodeProtoV2 DecodeRaw DeleteSessionTensor DenseToDenseSetOperation
    DenseToSparseSetOperation DrawBoundingBoxes EditDistance EncodeBase64 EncodeProto Equal ExtractGlimpse
    FakeQuantWithMinMaxArgsGradient FakeQuantWithMinMaxVarsGradient FakeQuantWithMinMaxVarsPerChannelGradient
    FixedLengthRecordReader GenerateBoundingBoxProposals GenerateVocabRemapping GetSessionHandle GetSessionHandleV2
    GetSessionTensor Greater GreaterEqual HSVToRGB HashTable HashTableV2 HistogramSummary IdentityReader
    ImageSummary InitializeTable InitializeTableFromTextFile InitializeTableFromTextFileV2 InitializeTableV2 Invert
    InvertPermutation LMDBReader LeftShift Less LessEqual LinSpace LoadAndRemapMatrix LogicalAnd LogicalNot
    LogicalOr LookupTableFind LookupTableFindV2 LookupTableInsert LookupTableInsertV2 LookupTableSize
    LookupTableSizeV2 MergeSummary Multinomial MutableDenseHashTable MutableDenseHashTableV2 MutableHashTable
    MutableHashTableOfTensors MutableHashTableOfTensorsV2 MutableHashTableV2 NonMaxSuppression NonMaxSuppressionV2
    NonMaxSuppressionWithOverlaps NotEqual OneHot OnesLike ParameterizedTruncatedNormal ParseTensor PopulationCount
    PyFunc PyFuncStateless Queue QueueClose QueueDequeue QueueDequeueMany QueueDequeueUpTo QueueEnqueue
    QueueEnqueueMany QueueSize RaggedRange RandomCrop RandomIndexShuffle RandomShuffle RandomStandardNormal
    RandomUniform Range Rank ReaderNumRecordsProduced ReaderNumWorkUnitsCompleted ReaderRead ReaderReadUpTo
    ReaderReset ReaderRestoreState ReaderSerializeState ReduceDataset ReduceJoin RegexReplace ResizeBilinearGrad
    RightShift SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 ScalarSummary ScatterAdd ScatterDiv
    ScatterMul ScatterNdAdd ScatterNdDiv ScatterNdMul ScatterNdSub ScatterNdUpdate ScatterSub SdcaFprint
    SdcaOptimizer SdcaOptimizerV2 SdcaShrinkL1 SerializeTensor SetSize Shape ShapeN Size SparseAddGrad SparseConcat
    SparseMatrixNNZ SparseMatrixZeros SparseToSparseSetOperation Stack StackClose StackPop StackPush
    StatelessMultinomial StatelessRandomBinomial StatelessRandomNormal StatelessRandomNormalV2
    StatelessRandomPoisson StatelessRandomShuffle StatelessRandomUniform StatelessRandomUniformFullInt
    StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2
    StatelessTruncatedNormal StatelessTruncatedNormalV2 StopGradient StringJoin StringSplit StringToHashBucket
    StringToHashBucketFast StringToHashBucketStrong StringToNumber TFRecordReader TPUReplicatedInput TensorArray
    TensorArrayClose TensorArrayCloseV2 TensorArrayCloseV3 TensorArrayGrad TensorArrayGradV2 TensorArrayGradV3
    TensorArrayGradWithShape TensorArraySize TensorArraySizeV2 TensorArraySizeV3 TensorArrayV2 TensorArrayV3
    TensorListConcatLists TensorListElementShape TensorListLength TensorListPushBackBatch TensorSummary
    TensorSummaryV2 TextLineReader Timestamp TruncatedNormal VarIsInitializedOp VariableShape WholeFileReader
    XlaVariadicReduce ZerosLike
    StopGradient
    """.split()  # noqa: SIM905 (a list would be two hundred lines)
)

#: Op types of floating-point numbers that TensorFlow has no gradient for, and says so with an error.
WITHOUT_GRADIENT = frozenset(
    """
    BatchCholesky BatchMatrixBandPart BatchMatrixDeterminant BatchMatrixDiag BatchMatrixDiagPart BatchMatrixInverse
    BatchMatrixSetDiag BatchMatrixSolve BatchMatrixTriangularSolve Bincount Bitcast Conv3DBackpropFilter
    Conv3DBackpropInput DeepCopy DenseBincount DenseCountSparseOutput GuaranteeConst LRNGrad ListDiff Lu
    MatrixExponential MatrixLogarithm MaxPoolGradGradV2 MaxPoolGradGradWithArgmax MaxPoolGradWithArgmax Mod
    ParallelConcat RandomGammaGrad RandomPoisson RandomPoissonV2 Snapshot SoftsignGrad SparseBincount
    SparseCountSparseOutput SparseFillEmptyRowsGrad SparseReduceMax SparseReduceMaxSparse SparseReduceSumSparse
    SparseSliceGrad SparseSplit StatelessShuffle TruncateMod Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2
    """.split()  # noqa: SIM905 (see above)
)


def is_trainable(tensor: Tensor) -> bool:
    """Whether gradients can flow through a tensor of its dtype."""
    return tensor.dtype.key in _TRAINABLE


def passes(operation: Operation) -> bool:
    """Whether gradients flow through an operation."""
    return operation.type not in NO_GRADIENT or "_gradient_op_type" in operation.attrs


def reached(
    order: Sequence[Operation], sources: Iterable[Tensor], fed: Collection[Tensor] = (), stop: Collection[Tensor] = ()
) -> set[Tensor]:
    """Return the tensors that depend differentiably on `sources`, with these.

    Args:
        order: Operations, each after those it depends on.
        sources: Where to begin.
        fed: Tensors whose value is given, which depend on nothing.
        stop: Tensors that count as constants.
    """
    active = set(sources)
    stopped = set(stop)
    for operation in order:
        if passes(operation) and any(t in active for t in operation.inputs):
            active.update(t for t in operation.outputs if is_trainable(t) and t not in fed and t not in stopped)
    return active


def between(
    order: Sequence[Operation], sources: Collection[Tensor], ys: Iterable[Tensor], fed: Collection[Tensor],
    stop: Collection[Tensor],
) -> set[Operation]:  # fmt: skip
    """Return the operations through which gradients flow from `ys` back to `sources`."""
    active = reached(order, sources, fed, stop)
    wanted = {y for y in ys if y in active}
    found: set[Operation] = set()
    for operation in reversed(order):
        # A source that counts as a constant has a gradient, but none goes on from there.
        if passes(operation) and any(t in wanted and t not in stop for t in operation.outputs):
            inputs = [t for t in operation.inputs if t in active]
            if inputs:
                found.add(operation)
                wanted.update(inputs)
    return found


def refuse_without_gradient(
    order: Sequence[Operation], sources: Collection[Tensor], ys: Iterable[Tensor], stop: Collection[Tensor],
    own: Callable[[Operation], object],
) -> None:  # fmt: skip
    """Raise where gradients would have to flow through an operation that has none.

    Args:
        order: Operations, each after those it depends on.
        sources: For what is differentiated.
        ys: What is differentiated.
        stop: Tensors that count as constants.
        own: The program's own gradient function of an operation, or None.

    Raises:
        LookupError: TensorFlow has no gradient for one between them, nor has the program.
    """
    if not any(operation.type in WITHOUT_GRADIENT for operation in order):
        return
    for operation in between(order, sources, ys, (), stop):
        if operation.type in WITHOUT_GRADIENT and own(operation) is None:
            raise LookupError(
                f"No gradient defined for operation'{operation.name}' (op type: {operation.type}). In general every "
                "operation must have an associated `@tf.RegisterGradient` for correct autodiff, which this op is "
                "lacking. If you want to pretend this operation is a constant in your program, you may insert "
                "`tf.stop_gradient`."
            )


def closure(order: Sequence[Operation], core: set[Operation], fed: Collection[Tensor]) -> set[Operation]:
    """Return `core` and all operations on a path, of data or control, from one of it to another."""
    if not core:
        return set()
    after: set[Operation] = set()
    for operation in order:
        if operation in core or not after.isdisjoint(dependencies(operation, fed)):
            after.add(operation)
    ahead: set[Operation] = set(core)
    for operation in reversed(order):
        if operation in ahead:
            ahead.update(dependencies(operation, fed))
    return after & ahead
