"""Pipelines of data as TensorFlow's `tf.data` has them: sources, what is made of them, and how they are walked.

Everything is computed on the host with NumPy: one module for each kind of step. Imports no framework.
"""
