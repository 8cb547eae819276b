"""The computation that is built for TPUs, which libraries ask for: there is none."""

from onevar.v1.export import export


@export("python.tpu.tpu_function.TpuContext", "contrib.tpu.python.tpu.tpu_function.TpuContext")
class TpuContext:
    """What libraries ask of the computation that is being built for TPUs."""

    @property
    def number_of_shards(self) -> None:
        """None, which means that what is built is not for TPUs."""
        return None


_CONTEXT = TpuContext()


@export("python.tpu.tpu_function.get_tpu_context", "contrib.tpu.python.tpu.tpu_function.get_tpu_context")
def get_tpu_context() -> TpuContext:
    """Return the context, whose number of shards is None."""
    return _CONTEXT
