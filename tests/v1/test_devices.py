"""`tf.device`, placement and what devices there are, against TensorFlow."""

import numpy as np
import pytest

import onevar
import onevar.v1 as v1
from onevar.errors import Unsupported

CLUSTER = {"ps": ["a:1", "b:2", "c:3"], "worker": ["w:1"]}


def scopes(tf):
    """Operations under all kinds of scopes; their devices are compared."""
    made = []

    def constant():
        made.append(tf.constant(1.0))

    with tf.device(lambda op: "/gpu:0"), tf.device("/gpu:1"):
        constant()
    with tf.device("/job:w/cpu:0"):
        for inner in (
            lambda op: "/gpu:0", None, "/gpu:1", "/task:2", "", lambda op: "", "/cpu:*", "/GPU:1", "gpu:1",
            "/device:gpu:3", "/replica:1", tf.DeviceSpec(device_type="GPU", device_index=2),
            lambda op: op.device + "/task:3",
        ):  # fmt: skip
            with tf.device(inner):
                constant()
        variable = tf.Variable(1.0)
        made += [variable, variable.initializer]
    with tf.device("/gpu:0"):
        x = tf.get_variable("x", [2])
        with tf.device("/cpu:0"):
            y = tf.get_variable("y", [2], use_resource=True)
        made += [x, y, x + y]
    with tf.device(tf.train.replica_device_setter(ps_tasks=2)):
        made += [tf.get_variable("v1", [2]), tf.get_variable("v2", [2])]
        made += [made[-1].initializer, made[-1] + made[-2]]
    worker = "/job:worker/task:1/gpu:0"
    with tf.device(tf.train.replica_device_setter(cluster=CLUSTER, worker_device=worker)):
        made += [tf.get_variable(f"w{i}", [2], use_resource=bool(i % 2)) for i in range(5)]
        with tf.device("/gpu:3"):
            constant()
        with tf.device("/job:ps/task:2"):
            made.append(tf.get_variable("placed", [1]))
    chosen = tf.train.replica_device_setter(ps_tasks=4, merge_devices=False, ps_strategy=lambda op: 3, ps_ops=["Const"])
    with tf.device(chosen):
        constant()
        made.append(tf.get_variable("other", [1]))
    return [item.device for item in made]


def refusals(tf):
    """What is refused, and how."""

    def scope(given):
        with tf.device(given):
            tf.constant(1.0)

    calls = (
        lambda: scope("/foo:3"),
        lambda: scope("nonsense"),
        lambda: scope("/gpu:0/gpu:1"),
        lambda: scope(lambda op: None),
        lambda: tf.train.replica_device_setter(cluster=3),
        lambda: tf.train.replica_device_setter(ps_tasks=1, ps_strategy=3),
        lambda: tf.DeviceSpec.from_string("/gpu:0/gpu:1"),
    )
    found = []
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        found.append((caught.type, str(caught.value)))
    return found


def specs(tf):
    """`DeviceSpec` and `ClusterSpec`."""
    spec = tf.DeviceSpec(job="ps", device_type="gpu", device_index=1)
    changed = tf.DeviceSpec.from_string("/gpu:0")
    changed.merge_from(tf.DeviceSpec(job="q", task=2))
    parsed = tf.DeviceSpec(job="gone").parse_from_string("/job:w/replica:1/task:3/device:cpu:2")
    spec.task = 4
    cluster = tf.train.ClusterSpec(CLUSTER)
    sparse = tf.train.ClusterSpec({"a": {1: "x"}})
    return [
        spec.to_string(), changed.to_string(), parsed.to_string(), repr(spec), tf.DeviceSpec().to_string(),
        parsed.replace(task=None).to_string(), parsed.make_merged_spec(spec).to_string(), spec == changed,
        changed == tf.DeviceSpec.from_string(changed.to_string()), parsed.device_type, parsed.replica,
        cluster.as_dict(), cluster.jobs, cluster.num_tasks("ps"), cluster.task_address("ps", 1), repr(sparse),
        sparse.as_dict(), cluster.job_tasks("ps"), sparse.job_tasks("a"), cluster.task_indices("ps"), bool(cluster),
        cluster == tf.train.ClusterSpec(cluster), tf.train.replica_device_setter(),
        tf.train.replica_device_setter(cluster={"worker": ["a"]}),
    ]  # fmt: skip


@pytest.mark.parametrize("program", [scopes, refusals, specs], ids=lambda program: program.__name__)
def test_as_tensorflow(both, program):
    found = []
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default():
            found.append(program(tf))
    assert found[0] == found[1]


ON_CPU = [
    ("/gpu:0", {}, "The requested device appears to be a GPU"),
    ("/cpu:1", {}, "available devices are [ /job:localhost/replica:0/task:0/device:CPU:0 ]"),
    ("/cpu:1", {"device_count": {"CPU": 2}}, None),
    ("/gpu:0", {"allow_soft_placement": True}, None),
    ("/job:ps/task:0", {"allow_soft_placement": True}, "explicitly assigned to /job:ps/task:0 but"),
    ("/job:localhost/replica:0/task:0/cpu:0", {}, None),
]


@pytest.mark.parametrize(("device", "options", "message"), ON_CPU)
def test_placement(both, device, options, message):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default():
            other = tf.constant(2.0) * 3.0
            with tf.device(device):
                tensor = tf.identity(tf.placeholder_with_default(1.0, []), name="asked")
            with tf.Session(config=tf.ConfigProto(**options)) as session:
                if message is None:
                    assert session.run([tensor, other]) == [1.0, 6.0]
                    continue
                with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                    session.run(tensor)
                text = caught.value.message
                assert "Cannot assign a device for operation" in text
                assert message in text


def test_devices_are_listed(both):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"CPU": 1})) as session:
            listed = [(device.name, device.device_type) for device in session.list_devices()]
        assert listed == [("/job:localhost/replica:0/task:0/device:CPU:0", "CPU")]
        assert tf.config.list_physical_devices("CPU")[0].name == "/physical_device:CPU:0"
        assert tf.config.list_logical_devices("CPU")[0].device_type == "CPU"


def test_placement_is_logged(capsys):
    with onevar.use_backend("numpy"), v1.Graph().as_default():
        with v1.device("/gpu:0"):
            tensor = v1.identity(v1.constant([1.0, 2.0], name="a"), name="b")
        with v1.Session(config=v1.ConfigProto(log_device_placement=True, allow_soft_placement=True)) as session:
            for _ in range(2):
                session.run(tensor)
    place = "/job:localhost/replica:0/task:0/device:CPU:0"
    assert capsys.readouterr().err == f"a: (Const): {place}\nb: (Identity): {place}\n"


def test_what_needs_a_cluster_says_what_to_do():
    server = v1.train.Server({"worker": ["localhost:2222"], "ps": ["localhost:2223"]}, "worker", 0)
    with pytest.raises(Unsupported, match=r"tf\.Session\(\) with no target"):
        v1.Session(server.target)
    with pytest.raises(Unsupported, match="/job:ps/task:0"):
        server.join()


def towers(tf, data, labels):
    """One variable on the CPU, two towers, averaged gradients."""
    gradients = []
    with tf.device("/cpu:0"):
        rate = tf.constant(0.1)
        for index, (part, wanted) in enumerate(zip(tf.split(data, 2), tf.split(labels, 2), strict=True)):
            with tf.device(f"/gpu:{index}"), tf.name_scope(f"tower_{index}"):
                with tf.variable_scope("net", reuse=tf.AUTO_REUSE), tf.device("/cpu:0"):
                    weights = tf.get_variable("w", initializer=tf.ones([3, 1]))
                loss = tf.reduce_mean(tf.square(tf.matmul(part, weights) - wanted))
                gradients.append(tf.gradients(loss, weights)[0])
        mean = tf.reduce_mean(tf.stack(gradients), 0)
        train = tf.assign_sub(weights, rate * mean)
    return weights, train, loss


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_towers(backend):
    pytest.importorskip(backend)
    generator = np.random.default_rng(0)
    data, labels = generator.normal(size=(8, 3)).astype(np.float32), generator.normal(size=(8, 1)).astype(np.float32)
    expected = np.ones((3, 1))
    with onevar.use_backend(backend), v1.Graph().as_default():
        weights, train, loss = towers(v1, v1.constant(data), v1.constant(labels))
        assert [weights.device, loss.device] == ["/device:CPU:0", "/device:GPU:1"]
        with v1.Session(config=v1.ConfigProto(allow_soft_placement=True)) as session:
            session.run(v1.global_variables_initializer())
            for _ in range(4):
                session.run(train)
                expected = expected - 0.1 * 2 / 8 * data.T @ (data @ expected - labels)
            np.testing.assert_allclose(session.run(weights), expected, rtol=1e-5)
