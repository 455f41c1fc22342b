"""Scorers that a team writes itself: a Python function in a file under ``evals/``, run in a process of its own."""
