"""The exit codes of every command."""

from __future__ import annotations

PASSED = 0
GATE_FAILED = 1
BAD_INPUT = 2
INCOMPLETE = 3
FAULT = 70  # a fault of ours, as sysexits.h has it
INTERRUPTED = 130
PIPE_CLOSED = 141
