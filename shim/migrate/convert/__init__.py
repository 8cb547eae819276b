"""Checkpoints from one format and layout to another."""
