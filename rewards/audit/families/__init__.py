"""The families of attacks, a module for each kind."""

from rewards.audit.attempts import FAMILIES, Family
from rewards.audit.families import code, countdown, disguised, injected, loose, plain, several, wrong

_ORDER = (plain, several, disguised, wrong, injected, countdown, code, loose)


def families() -> dict[str, Family]:
    """All families by name, in the order in which they are tried."""
    order = [module.__name__ for module in _ORDER]
    listed = sorted(FAMILIES.values(), key=lambda one: order.index(one.make.__module__))
    return {one.name: one for one in listed}
