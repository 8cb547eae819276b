"""Rewriting TensorFlow 1 source: stage by stage, to Keras 3."""
