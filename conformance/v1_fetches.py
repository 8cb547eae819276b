"""Programs that fetch a variable together with what writes to it."""

from typing import Any

from onevar.conformance.v1_table import program, started


@program("V1-12")
def reference_variables_after_their_updates(tf: Any) -> Any:
    """A fetched reference variable is what it is when the run's updates are done: steps count 1, 2, 3."""
    step = tf.Variable(0, trainable=False, use_resource=False, name="step")
    w = tf.get_variable("w", [3], initializer=tf.ones_initializer(), use_resource=False)
    updates = tf.group(tf.assign_add(step, 1), tf.assign_sub(w, [0.5, 0.25, 0.125]))
    scattered = tf.scatter_add(w, [0, 2], [1.0, 2.0])
    seen = []
    with started(tf) as session:
        for _ in range(3):
            seen.append(session.run([step, step.value(), w, updates])[:3])
        for _ in range(3):
            seen.append(session.run([scattered, w])[1])
    return seen
