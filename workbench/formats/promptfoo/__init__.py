"""promptfoo's configs, read as plain data and written: no code in them is ever run."""

from __future__ import annotations

from workbench.formats.promptfoo.findings import Finding
from workbench.formats.promptfoo.reader import Config, is_promptfoo_file, read_config

__all__ = ["Config", "Finding", "is_promptfoo_file", "read_config"]
