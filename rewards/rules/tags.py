"""The tags of a response format.

Example:
    >>> tag_texts(("think", "answer"))
    ('<think>', '</think>', '<answer>', '</answer>')
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_MOST = 20
_LONGEST = 40


def tag_texts(tags: Sequence[str]) -> tuple[str, ...]:
    """The opening and closing tag of each name, in order."""
    return tuple(text for tag in tags for text in (f"<{tag}>", f"</{tag}>"))


def check_tags(tags: Sequence[str]) -> None:
    """Check the names of a format's blocks. Raises ValueError."""
    if not 1 <= len(tags) <= _MOST:
        raise ValueError(f"parameter 'tags' has {len(tags)} names; give 1 to {_MOST}, such as [think, answer]")
    for tag in tags:
        if len(tag) > _LONGEST or not _NAME.fullmatch(tag):
            raise ValueError(
                f"parameter 'tags' holds {tag!r:.80}; give names without brackets, of a letter and then at most "
                f"{_LONGEST - 1} letters, digits, '_' and '-'"
            )
    if len({tag.lower() for tag in tags}) < len(tags):
        raise ValueError(f"parameter 'tags' names a tag twice: {list(tags)}")
