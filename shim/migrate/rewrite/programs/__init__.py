"""What programs are made of: graphs, sessions, feeds and training loops, and what they become."""

from onevar.migrate.rewrite.programs.planning import plan

__all__ = ["plan"]
