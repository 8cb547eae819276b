"""Which steps the host does although a compiler could: small ones, between what is fed and what only the host can do.

A sampler that runs on the host wants its labels cast; had the compiled part to do that, there would be a compiled
part before the host's and another one after it. And what the host makes of a size that no one knows before
(`tf.where`, accidental hits) would be compiled anew for every size; indices and the like stay where they came from
until their size is known again. So would a slice that begins where a queue says.
"""

from collections.abc import Callable, Collection, Sequence

from onevar.core.frame import ConstStep, KernelStep, Step


def prepared(
    steps: Sequence[Step],
    feeds: Collection[int],
    static: Collection[int],
    breaks: Callable[[Step], bool],
    reads_of: Callable[[Step], set[int]],
) -> set[int]:
    """Return the ids of such steps.

    Args:
        steps: All steps of a plan.
        feeds: The slots of what is fed as numbers.
        static: The slots whose values follow from shapes and constants.
        breaks: Whether a step runs on the host anyway.
        reads_of: The slots that a step reads.
    """
    near: set[int] = set(feeds) | set(static)
    open_ended: set[int] = set()
    makers: dict[int, Step] = {}
    found: set[int] = set()
    wanted: list[int] = []
    for step in steps:
        if isinstance(step, ConstStep):
            near.update(step.outs)
        elif not isinstance(step, KernelStep):
            continue
        elif breaks(step):
            if not step.kernel.state:
                near.update(step.outs)
                open_ended.update(slot for slot, size in _sizes(step) if size is None)
            # What is only looked at leaves the compiled part when all is done.
            wanted.extend(() if step.kernel.reports else reads_of(step))
        elif _is_light(step) and (reads := reads_of(step)) <= near:
            near.update(step.outs)
            makers.update(dict.fromkeys(step.outs, step))
            late = not reads.isdisjoint(open_ended)
            wanted.extend(step.outs if late or not _decided(step) <= set(static) else ())
            open_ended.update(slot for slot, size in _sizes(step) if late and size is None)
    while wanted:
        maker = makers.get(wanted.pop())
        if maker is not None and id(maker) not in found:
            found.add(id(maker))
            wanted.extend(reads_of(maker))
    return found


def _decided(step: KernelStep) -> set[int]:
    """The slots of what a step wants as host values: where a slice begins, what shape comes out."""
    found: set[int] = set()
    for at in step.host:
        slot = step.ins[at]
        found.update(slot) if isinstance(slot, tuple) else found.add(slot)
    return found


def _is_light(step: KernelStep) -> bool:
    kernel = step.kernel
    if kernel.heavy or kernel.random or kernel.state or kernel.functional or step.operation.control_inputs:
        return False
    return not any(t.dtype.key in ("resource", "variant") for t in step.operation.inputs)


def _sizes(step: KernelStep) -> list[tuple[int, int | None]]:
    """The slots of a step's results, and how many elements each has, if that is known."""
    return [
        (slot, None if tensor.spec.shape is None or None in tensor.spec.shape else 0)
        for slot, tensor in zip(step.outs, step.operation.outputs, strict=True)
    ]
