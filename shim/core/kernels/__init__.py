"""The definitions of TensorFlow's op types, over primitives; `onevar.core.kernel` loads and keeps them."""
