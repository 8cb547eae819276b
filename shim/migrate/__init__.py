"""Running and moving programs that were written for TensorFlow 1.

`onevar run script.py` runs one unmodified: `redirect` decides who gets `onevar.v1` for an `import tensorflow`,
`virtual` stands in for TensorFlow's internal modules, `script` runs the program as Python would, and `scan` and
`report` say beforehand which of the names that it mentions are supported.
"""
