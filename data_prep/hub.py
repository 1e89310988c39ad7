"""Rows from the Hugging Face hub, through `datasets`: the only file that imports it.

Example:
    for row in iter_hub_rows(HubSet(id="openai/gsm8k", configs=("main",), splits={"train": "train"}), "train"):
        print(row.file, row.line, row.fields["question"])
"""

from __future__ import annotations

import hashlib
import queue
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from data_prep.errors import DataNotFound
from data_prep.rows import Row

_BATCH = 512  # rows in memory at a time
_ANSWERS_WITHIN = 10.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSet:
    """A data set on the hub.

    id: `owner/name`. configs: read one after the other; None = the only one. splits: our name of a split -> the hub's
    (`datasets` syntax: `train+test` is both).
    """

    id: str
    splits: Mapping[str, str]
    configs: tuple[str | None, ...] = (None,)


def iter_hub_rows(hub: HubSet, split: str) -> Iterator[Row]:
    """Stream the rows of a split; `datasets` downloads them once and caches them.

    Raises:
        DataNotFound: `datasets` is not installed, the hub cannot be reached, or has no such set, part or split.
    """
    for config in hub.configs:
        place = _place(hub.id, config, split)
        for number, fields in enumerate(_loaded(hub.id, config, hub.splits.get(split, split), place), start=1):
            yield Row(file=place, line=number, fields=fields)


class HubSplit:
    """A downloaded split: sized, and readable from any row.

    Example:
        split = HubSplit("openai/gsm8k", config="main", split="test")
        for row in split.rows(after=1000):
            print(row.file, row.line, row.fields["question"])
    """

    def __init__(self, identity: str, *, config: str | None = None, split: str | None = None) -> None:
        """Load a split. split: None = the only one.

        Raises:
            DataNotFound: as `iter_hub_rows`, or there are several splits and none is named.
        """
        place = _place(identity, config, split)
        loaded = _loaded(identity, config, split, place)
        if split is None:
            if len(loaded) > 1:
                raise DataNotFound(f"{place} has the splits {', '.join(loaded)}; name one with --split")
            split = next(iter(loaded))
            place, loaded = f"{place}/{split}", loaded[split]
        self.name = place
        self._table = loaded

    def __len__(self) -> int:
        return len(self._table)

    def fingerprint(self) -> str:
        """A hash of the cached rows."""
        digest = hashlib.sha256(f"{len(self)} {self._table.features}".encode())
        files = [Path(file["filename"]) for file in self._table.cache_files]
        for file in files:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        if not files:
            digest.update(str(self._table._fingerprint).encode())
        return digest.hexdigest()

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The rows after the first `after`."""
        for start in range(after, len(self), _BATCH):
            columns = self._table[start : start + _BATCH]
            for number, values in enumerate(zip(*columns.values(), strict=True), start=start + 1):
                yield Row(file=self.name, line=number, fields=dict(zip(columns, values, strict=True)))


def _place(identity: str, config: str | None, split: str | None) -> str:
    """The name of a split in messages: `hub:openai/gsm8k/main/test`."""
    return "/".join(part for part in (f"hub:{identity}", config, split) if part)


def _loaded(identity: str, config: str | None, split: str | None, place: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataNotFound(
            f"{place} needs the package 'datasets': pip install 'rlvr[hub]'; a file on disk needs none"
        ) from error
    unreachable = "" if datasets.config.HF_HUB_OFFLINE else _unreachable(datasets.config.HF_ENDPOINT)
    try:
        with _offline(datasets.config, unreachable):
            return datasets.load_dataset(identity, config, split=split)
    except Exception as error:  # the hub's clients raise errors of several libraries
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        told = f"{unreachable}, and it is not in the cache" if unreachable else f"{reason} ({type(error).__name__})"
        raise DataNotFound(
            f"cannot load {place}: {told}. Without a network, set RLVR_DATA to "
            "a folder of copies, or name a file (`rlvr prep`: --from PATH)"
        ) from error


@contextmanager
def _offline(config: Any, unreachable: str) -> Iterator[None]:
    """Restrict `datasets` to its cache if the hub is unreachable: its clients would retry for minutes."""
    before = config.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = before or bool(unreachable)
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE = before


def _unreachable(endpoint: str) -> str:
    """Why the hub is unreachable, or "". One request, in a thread because name resolution has no timeout."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_no_answer(endpoint)), daemon=True).start()
    try:
        reason = answers.get(timeout=_ANSWERS_WITHIN)
    except queue.Empty:
        reason = f"no answer within {_ANSWERS_WITHIN:g} s"
    return reason and f"{endpoint} cannot be reached ({reason})"


def _no_answer(endpoint: str) -> str:
    """Why there is no answer. Other errors are left to the hub's own clients."""
    try:
        with urlopen(Request(endpoint, method="HEAD"), timeout=_ANSWERS_WITHIN):
            return ""
    except (HTTPError, HTTPException, ssl.SSLError, ValueError):
        return ""
    except OSError as error:
        cause = error.reason if isinstance(error, URLError) else error
        return "" if isinstance(cause, ssl.SSLError) else str(getattr(cause, "strerror", None) or cause)
