"""The families of attacks; importing this registers them all."""

from rewards.audit.families import code, countdown, disguised, injected, loose, plain, several, wrong

ORDER = ("plain", "several", "disguised", "wrong", "injected", "countdown", "code", "loose")
"""The modules in the order in which their families are tried."""

__all__ = ["ORDER", "code", "countdown", "disguised", "injected", "loose", "plain", "several", "wrong"]
