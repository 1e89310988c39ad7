"""Rows from the Hugging Face hub, through `datasets`: the only file that imports it.

Example:
    for row in iter_hub_rows(HubSet(id="openai/gsm8k", configs=("main",), splits={"train": "train"}), "train"):
        print(row.file, row.line, row.fields["question"])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from data_prep.errors import DataNotFound
from data_prep.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSet:
    """A data set on the hub.

    id: `owner/name`. configs: its parts, read one after the other; None = the only one.
    splits: our name of a split to the hub's (`datasets` syntax: `train+test` is both).
    """

    id: str
    splits: Mapping[str, str]
    configs: tuple[str | None, ...] = (None,)


def iter_hub_rows(hub: HubSet, split: str) -> Iterator[Row]:
    """Stream the rows of a split; `datasets` downloads them once and keeps them in its cache.

    Raises:
        DataNotFound: `datasets` is not installed, the hub cannot be reached, or has no such set, part or split.
    """
    for config in hub.configs:
        place = "/".join(part for part in ("hub:" + hub.id, config, split) if part)
        for number, fields in enumerate(_load(hub.id, config, hub.splits.get(split, split), place), start=1):
            yield Row(file=place, line=number, fields=fields)


def _load(identity: str, config: str | None, split: str, place: str) -> Iterator[Mapping[str, object]]:
    try:
        import datasets
    except ImportError as error:
        raise DataNotFound(
            f"{place} needs the package 'datasets': pip install 'rlvr[hub]', or give a file with --from PATH"
        ) from error
    try:
        loaded = datasets.load_dataset(identity, config, split=split)
    except Exception as error:  # the hub's clients raise errors of several libraries: theirs, httpx's, OSError, ...
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataNotFound(
            f"cannot load {place}: {reason} ({type(error).__name__}). Without a network, give a copy on disk with "
            "--from PATH or set RLVR_DATA"
        ) from error
    yield from loaded
