"""What each call of TensorFlow 1 becomes: tables, and rules where a table is not enough."""
