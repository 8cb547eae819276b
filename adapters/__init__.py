"""The frameworks: one room each, and the only place where a framework is imported."""
