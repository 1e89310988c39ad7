"""Whether a text may have tags: one look, instead of one for each of those who look for tags.

Example:
    >>> may_have_tags("6 < 7, so <<3*4=12>>12"), may_have_tags("It is <b>12</b>."), may_have_tags("[THINK]")
    (False, True, True)
"""

from __future__ import annotations

from rewards.math.late import late

_TAG = late(r"<[a-zA-Z/|!]")


def may_have_tags(text: str) -> bool:
    """Whether a text may have a tag, a special token or a comment: `<b>`, `</s>`, `<|end|>`, `<!--`, `[INST]`.

    They may be in other scripts, too (`<｜end▁of▁sentence｜>`): all texts that are not ASCII may have them.
    """
    return "]" in text or ("<" in text and _TAG.search(text) is not None) or not text.isascii()
