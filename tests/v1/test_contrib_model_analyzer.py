"""`tf.contrib.slim.model_analyzer` prints what TensorFlow 1.15 does."""

import onevar.v1 as tf

#: As TensorFlow 1.15 printed it.
VARIABLES = """---------
Variables: name (type shape) [size]
---------
w:0 (float32_ref 3x4) [12, bytes: 48]
b:0 (float64_ref 4) [4, bytes: 32]
s:0 (int32_ref ) [1, bytes: 4]
Total size of variables: 17
Total bytes of variables: 84
"""
OPERATIONS = """---------
Operations: name -> (type shapes) [size]
---------
x \t-> (float32 ?x3) [0]
y \t-> (float32 ?x3) [0]
c \t-> (int32 1x2) [2]
z \t-> (float32 ) [1]
n \t->  [0]
"""


def test_variables(capsys):
    analyzer = tf.contrib.slim.model_analyzer
    with tf.Graph().as_default():
        tf.get_variable("w", [3, 4])
        tf.Variable(tf.zeros([4], tf.float64), name="b")
        tf.Variable(1, name="s")
        assert analyzer.analyze_vars(tf.global_variables(), print_info=True) == (17, 84)
        assert analyzer.analyze_vars([]) == (0, 0)
    assert capsys.readouterr().out == VARIABLES


def test_operations(capsys):
    graph = tf.Graph()
    with graph.as_default():
        tf.identity(tf.placeholder(tf.float32, [None, 3], name="x"), name="y")
        tf.constant([[1, 2]], name="c")
        tf.constant(1.0, name="z")
        tf.no_op(name="n")
    assert tf.contrib.slim.model_analyzer.analyze_ops(graph, print_info=True) == 3
    assert capsys.readouterr().out == OPERATIONS
    assert tf.contrib.slim.model_analyzer.analyze_ops(graph) == 3
    assert capsys.readouterr().out == ""
