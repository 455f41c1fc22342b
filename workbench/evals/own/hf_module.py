"""A metric of Hugging Face ``evaluate`` inside the process for code of one's own; nothing is fetched or written.

The files of the metric come as text. They are imported from memory as one package, so that they may import each other.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

#: A scorer with this mark may return any number, and not only those from 0 to 1.
ANY_NUMBER = "__workbench_any_number__"
_PACKAGE = "workbench_metric"
_OFFLINE = ("HF_EVALUATE_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")


def program(files: Mapping[str, str], main: str) -> str:
    """Return the file of a scorer of one's own that computes this metric; the same files give the same text."""
    given = json.dumps(dict(sorted(files.items())))
    return (
        "import json\n"
        "from workbench import scorer\n"
        "from workbench.evals.own.hf_module import scorer_of\n"
        f"metric = scorer(scorer_of(json.loads({given!r}), {main!r}))\n"
    )


def scorer_of(files: Mapping[str, str], main: str) -> Callable[..., Any]:
    """Return a function that computes a metric of one output."""
    os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    # Libraries look for a folder of temporary files by writing one, which is forbidden here.
    tempfile.tempdir = os.getcwd()
    module = imported(files, main)
    built: dict[str, Any] = {}

    def metric(
        output: str,
        references: list[str],
        key: str | None = None,
        config: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        name = config or ""
        if name not in built:
            built[name] = _made(module, config)
        return {"value": value_of(built[name], output, references, key or "", main, options or {})}

    setattr(metric, ANY_NUMBER, True)
    return metric


class _Files(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports ``workbench_metric.NAME`` from the text of NAME.py."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {f"{_PACKAGE}.{name.removesuffix('.py')}": text for name, text in files.items()}

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname == _PACKAGE:
            return importlib.util.spec_from_loader(fullname, self, is_package=True)
        return importlib.util.spec_from_loader(fullname, self) if fullname in self._files else None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        if name in self._files:
            exec(compile(self._files[name], name, "exec"), vars(module))  # only where a person allowed it


def imported(files: Mapping[str, str], main: str) -> ModuleType:
    """Import the files of a metric from memory and return the module ``main``."""
    sys.meta_path.insert(0, _Files(files))
    return importlib.import_module(f"{_PACKAGE}.{main}")


def _made(module: ModuleType, config: str | None) -> Any:
    import evaluate

    kinds = [
        one
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, evaluate.EvaluationModule)
        and one.__module__ == module.__name__
    ]
    if len(kinds) != 1:
        raise LookupError(f"the file holds {len(kinds) or 'no'} metrics of evaluate, and one is needed")

    # Nothing is written, so there is no folder to make.
    made = type(kinds[0].__name__, (kinds[0],), {"_build_data_dir": lambda self: ""})
    metric = made(config_name=config, keep_in_memory=True, seed=0)
    if kinds[0]._download_and_prepare is not evaluate.EvaluationModule._download_and_prepare:
        from datasets import DownloadManager
        from evaluate.utils.file_utils import DownloadConfig

        metric._download_and_prepare(DownloadManager(download_config=DownloadConfig(local_files_only=True)))
    return metric


def value_of(
    metric: Any, output: str, references: Sequence[str], key: str, name: str, options: Mapping[str, Any]
) -> float:
    """Return the metric of one output: against all references where it takes several, else the highest of each."""
    formats = metric.info.features if isinstance(metric.info.features, list) else [metric.info.features]
    fitting = [one for one in formats if set(one) == {"predictions", "references"}]
    if not fitting:
        raise TypeError("the metric wants other things than predictions and references")
    several = next((one for one in fitting if _inner(one["references"]) is not None), None)
    if several is not None:
        inner = _inner(several["references"])
        given = [[_read(text, inner, "an expected text") for text in references]]
        chosen = several
    else:
        chosen = fitting[0]
        given = [_read(text, chosen["references"], "the expected text") for text in references]
    said = _read(output, chosen["predictions"], "the output")
    found = [metric.compute(predictions=[said], references=[one], **options) for one in given]
    return max(_number(result, key, name) for result in found)


def _inner(feature: Any) -> Any:
    """Return what a feature is a list of, None where it is no list."""
    if isinstance(feature, list):
        return feature[0]
    return getattr(feature, "feature", None)


def _read(text: str, feature: Any, what: str) -> Any:
    kind = str(getattr(feature, "dtype", ""))
    if kind in ("string", "large_string"):
        return text
    number = int if kind.startswith(("int", "uint")) else float if kind.startswith("float") else None
    if number is None or _inner(feature) is not None:
        raise TypeError(f"the metric wants {what} as neither text nor a number")
    try:
        return number(text.strip())
    except ValueError:
        raise ValueError(f"the metric wants {what} as a number, and it is {text.strip()[:40]!r}") from None


def _number(result: Any, key: str, name: str) -> float:
    if not isinstance(result, Mapping):
        raise TypeError("the metric gave no mapping of values")
    numbers = {k: n for k, v in result.items() if (n := _single(v)) is not None}
    wanted = key or (name if name in numbers else next(iter(numbers)) if len(numbers) == 1 else "")
    if wanted not in numbers:
        listed = ", ".join(sorted(map(str, numbers))) or "no numbers"
        raise LookupError(f"say which `key` is meant; the metric gives {listed}")
    return numbers[wanted]


def _single(value: Any) -> float | None:
    """Return a number, also the only one of a list or array."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return float(value) if isinstance(value, int | float) else None
