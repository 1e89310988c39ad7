"""Words directly before a number that change its value: "half of 62", "two times 62", "anything but 62".

Example:
    >>> text = "It is half of 62."
    >>> text[changed_from(text, text.index("62")) :]
    'half of 62.'
    >>> changed_from("a total of 62", 11) is None
    True
"""

from __future__ import annotations

import re

from rewards.math.late import late

_LONGEST = 80
_PART = (
    r"hal(?:f|ves)|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundredth)s?|multiples?|factors?|divisors?"
    r"|squares?|cubes?|(?:\w+\s)?roots?|negative|opposite|(?:multiplicative\s|additive\s)?(?:reciprocal|inverse)"
    r"|complement|log(?:arithm)?|(?:co)?sine|tangent|digits?|digit\s(?:sum|product)|sum\sof\s(?:the\s)?digits|predecessor|successor"
    r"|per\s?cent|\d[\d.]*\s?\\?[%％]|\d+/\d+"
)
_NUMBERED = r"(?:number|integer|prime|digit|value|one|multiple|square)\s(?:\w+ly\s|right\s|just\s)?"
_BEFORE = late(
    rf"""(?<![\w-])(?:
        (?<!by\sa\s)(?:{_PART})\sof
      | twice | thrice | double | triple | quadruple | times | plus | minus | modulo
      | (?<!none\sother\s)(?<!nothing\sother\s)(?<!no\sless\s)than
      | no\slonger | (?:un)?likely\sto\sbe | (?:far|different|distinct|away)\sfrom | hardly | rarely | instead\sof
      | never\s\w+ | nobody\s\w+ | unequal\sto | negative | differs?\sfrom | exceeds? | answers?\sincludes?
      | at\s(?:most|least) | (?:is|are|be|has|have|had|needs?|holds?|sells?|sold|buys?|bought|gets?|got)\sup\sto
      | (?:eliminat|exclud)(?:e|es|ing) | bounded\s(?:above\s|below\s)?by | disagree\swith\sthe\sanswer
      | rejects? | discards? | rul(?:e|es|ing)\sout
      | somewhere\s(?:around|near) | (?:of|on)\sthe\sorder\sof | in\sthe\s(?:neighbou?rhood|vicinity)\sof
      | none\sof | under | below | above | over | beyond | nearly | almost | close\sto | near | short\sof
      | (?:divided|multiplied|divisible)\sby | out\sof
      | except(?:\sfor)? | besides | excluding | never
      | (?<![a-z]\s)up\sto | outside
      | (?:not|(?:is|was|are|were|does|do)n['’]t)\s(?:\w+ly|quite|just|even)
      | (?:any|every|all|(?:no|none)(?!thing))(?:thing|one|body|where)?(?:\s\w+)?\sbut
      | (?:integers?|numbers?|primes?|points?|multiples)\s(?:in|of|from|between|up\sto)
      | {_NUMBERED}(?:after|before|following|preceding)
      | (?:half|twice|times|third|quarter)\s(?:as\s\w+\sas|that\sof|the\s(?:size|value|sum|amount|number)\sof)
    )\s(?:the\s|a\s|an\s)?(?:number\s|value\s|square\s)?(?:[a-z]\s?=\s?)?[\s$*(\[]*\Z""",
    re.VERBOSE | re.IGNORECASE,
)


def changed_from(text: str, at: int) -> int | None:
    """Where the words that change the number begin, or None if there are none."""
    begin = max(0, at - _LONGEST, text.rfind("\n", 0, at) + 1)
    found = _BEFORE.search(text[begin:at])
    return None if found is None else begin + found.start()
