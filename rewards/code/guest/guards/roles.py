"""In the checker: the role of each expression of a test once the program has answered.

An expression is the answer; something that the program has changed (or is computed from that, or counted in a loop over
it); both; or neither, which makes it the test's own. A role follows the value into names and containers
(`Roles.learn`). `expecting.py` draws the conclusions.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..sources import context, shapes
from ..sources.context import Function

ANSWER, CHANGED = 1, 2
BOTH = ANSWER | CHANGED

_POPS = frozenset(("pop", "popleft"))
TAKES = frozenset(("pop", "popleft", "popitem", "remove", "discard", "clear", "get", "index", "find"))
# Functions that reveal nothing about the content of a container, or return it unchanged.
_COPIES = ("list", "tuple", "copy", "deepcopy", "bytes")
_COPYING = frozenset(("copy", "reshape", "astype", "view", "flatten", "ravel", "squeeze", "item", "tobytes"))
_PLAIN = frozenset(("len", "id", "type", "print", "repr", "isinstance", "str", "hasattr", *_COPIES))
_WHOLE = frozenset(("sorted", "set", "frozenset", "dict", "Counter", "round", "float", "str", *_COPIES))
_ORDERS = frozenset(("sort", "reverse"))
_LOOKS_UP = frozenset(  # by names that are not in the test's syntax
    ("eval", "globals", "locals", "vars", "_getframe", "currentframe")
)
_MADE = frozenset(("T", "flat", "real"))  # attributes of arrays
_FILLS = shapes.GROWS | {"put", "put_nowait", "push", "write", "writelines"}

_REDIRECTS = ("redirect_stdout", "redirect_stderr")
_CAPTURED = tuple(map(ast.Name, ("capsys", "capfd", "caplog", "recwarn")))  # fixtures that get what is said

_VALUES = (ast.Constant, ast.Name, ast.List, ast.Tuple, ast.Dict)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)

Returned = tuple[int, ...]
"""Roles of what a function of the test returns: `return f(xs), xs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What names, and attributes of them (`self.data`), mean once the program has answered.

    answers: data from the program. programs: callables of the program. changed: what was changed, or contains it. kept:
    an attribute of such an object that was not changed. parted: an object of which a part was changed: it counts only
    where the test says what is right. bare: whether a changed value counts as it is, or else only values computed from
    it. resized: whether its length changed. vanished: whether all of its content is gone at once. equal: whether the
    two meet only where they must be equal. blank: the test's own containers that are empty.
    """

    answers: frozenset[str]
    programs: frozenset[str]
    changed: frozenset[str]
    kept: frozenset[str] = frozenset()
    parted: frozenset[str] = frozenset()
    bare: bool = False
    resized: bool = False
    vanished: bool = False
    equal: bool = False
    blank: frozenset[str] = frozenset()


class Roles:
    """What names, and expressions that use them, mean from the call on. mine: names of the answer in question.
    earlier: names of answers to other calls. returned: the parts that a function of the test returns or yields.
    """

    def __init__(self, names: Names, calls: set[int], given: Returned = ()):
        self.names = names
        self.calls = calls
        self.mine: set[str] = set()
        self.earlier: set[str] = set()
        self.returned: Returned = ()
        self._given = given
        self._held = dict.fromkeys(names.answers, ANSWER) | dict.fromkeys(names.changed, CHANGED)
        self._made: set[str] = set()  # computed from what was changed
        self._kept: dict[str, int] = {}  # objects of the test, by what they were given to keep
        self._told: set[str] = set()  # those that were given an answer
        self._bound: set[str] = set()  # names of what a block or an exception handler is given
        self._streams: dict[int, ast.expr] = {}  # where calls in a redirected block write
        self._parts: dict[str, dict[object, int]] = {}  # names of values that hold both: `(f(xs), sorted(xs))`

    def recall(self, statements: Iterable[ast.stmt]) -> None:
        """Learn the earlier answers of the program, which may be judged by what it changes now; and the names that an
        exception raised now is bound to.
        """
        for node in statements:
            if self.holds_call(node):
                self.bind_all([node.name] if isinstance(node, ast.ClassDef) else shapes.caught(node), ANSWER)
            if isinstance(node, ast.With | ast.AsyncWith):
                self._redirect(node)
                bound = (item.optional_vars for item in node.items if item.optional_vars and self.holds_call(node))
                self._bound |= shapes.names_in(*bound)
            if isinstance(node, ast.Assign) and self.of(node.value) & ANSWER:
                self.earlier |= shapes.names_in(*node.targets) - self.names.changed
        self.bind_all(self.earlier, ANSWER)

    def leave(self, function: ast.AST) -> None:
        """Leave a function of the test: what it returned is an answer for its caller."""
        returned = (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None)
        if isinstance(function, Function) and any(self.of(value) & ANSWER for value in returned):
            self.names = replace(self.names, programs=self.names.programs | {function.name})

    def outside(self, function: ast.AST) -> frozenset[str]:
        """Names of the scopes around a function that hold an answer from now on."""
        if not isinstance(function, Function):
            return frozenset()
        shared = {name for n in ast.walk(function) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
        own = (shapes.parameters_in(function) | shapes.stored_in(function)) - shared
        held = (name for name, role in self._held.items() if role & ANSWER and name.isidentifier())
        return frozenset(held) - own - self.names.changed

    # --- roles --------------------------------------------------------------------------------------------------------

    def of(self, node: ast.AST) -> int:
        if id(node) in self.calls:
            return ANSWER | (CHANGED if CHANGED in self._given else 0)
        if isinstance(node, ast.Call) and shapes.is_call(node, ("len",)) and any(map(self.is_either, node.args)):
            return 0
        if isinstance(node, ast.Call) and self.asks(node):
            return ANSWER
        if not self.names.bare and self.makes(node):
            return CHANGED | self._of_parts(node)
        if isinstance(node, ast.Name | ast.Attribute):
            text = shapes.text(node)
            if text in self.names.kept:
                return 0
            if text in self._parts:
                return BOTH
            if text in self._held:
                role = self._held[text]
                return role & ANSWER if not self.names.bare and self.is_container(node) else role
        if isinstance(node, ast.Subscript):  # the index only selects an item, which is the answer
            if any(isinstance(n, ast.Compare) for n in ast.walk(node.slice)):  # or a verdict selects the item
                return self._of_parts(node)
            chosen = not isinstance(node.slice, ast.Slice) and self.is_container(node.value)
            if chosen and self.of(node.slice) & ANSWER:
                return ANSWER
            index = node.slice.value if isinstance(node.slice, ast.Constant) else None
            return self._parts.get(shapes.text(node.value), {}).get(index, 0) or self.of(node.value)
        if isinstance(node, _COMPREHENSIONS):  # the iterable only says what was asked
            item = node.value if isinstance(node, ast.DictComp) else node.elt
            if (role := self.of(item)) & ANSWER:
                return role
        return self._of_parts(node)

    def asks(self, call: ast.Call) -> bool:
        """Whether the program is called there, or by what it is handed to: `map(f, xs)`, `pool.submit(f, x)`."""
        if shapes.root(call.func) in self.names.programs:
            return True
        is_handed = any(shapes.root(part) in self.names.programs for part in call.args)
        return is_handed and context.name_of(call.func) not in _PLAIN | shapes.GROWS | context.defined()

    def _of_parts(self, node: ast.AST) -> int:
        role = 0
        for part in ast.iter_child_nodes(node):
            role |= self.of(part)
        return role

    def of_items(self, iterated: ast.expr) -> int:
        role = self.of(iterated)
        if isinstance(iterated, ast.Call) and context.name_of(iterated.func) == "range":
            return role & CHANGED
        return role | (CHANGED if self.is_container(iterated) else 0)

    def pairs_up(self, node: ast.AST) -> bool:
        """Whether it contains both as separate parts: `{got, want}`, `max(pair)`."""
        inside = list(ast.walk(node))
        made = [shapes.display_parts(n) for n in inside if isinstance(n, ast.List | ast.Tuple | ast.Set | ast.Dict)]
        asked = [(n.func.value, n) for n in inside if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        made += [  # `[got].count(want)`
            [*shapes.display_parts(held), *call.args]
            for held, call in asked
            if shapes.tells_sameness(call) and not self.is_container(held)
        ]
        return any(map(self.is_either, inside)) or any({ANSWER, CHANGED} <= set(map(self.of, each)) for each in made)

    def is_either(self, node: ast.AST) -> bool:
        """Whether it contains both, or is an item of such a container, and so may be either."""
        if id(node) in self.calls:
            return CHANGED in self._given
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            index = node.slice.value if isinstance(node.slice, ast.Constant) else None
            return index not in self._parts.get(shapes.text(node.value), {}) and self.is_either(node.value)
        return isinstance(node, ast.Name) and (node.id in self._parts or self._held.get(node.id) == BOTH)

    def is_container(self, node: ast.AST) -> bool:
        """Whether it is the changed container itself, or a copy of it: `list(xs)`."""
        if isinstance(node, ast.Call) and len(node.args) == 1 and context.name_of(node.func) in _COPIES:
            return self.is_container(node.args[0])
        text = shapes.text(node)
        return text in self.names.changed and self._held.get(text) == CHANGED and text not in self._made

    def makes(self, node: ast.AST) -> bool:
        """Whether a container is computed from a changed value: `sorted(xs)`, `xs[::-1]`; not `len(xs)`, `xs[0]`."""
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and self.is_container(function.value):
                return function.attr not in _COPYING | TAKES | shapes.GROWS
            return context.name_of(function) not in _PLAIN and any(map(self.mentions, shapes.given(node)))
        if isinstance(node, ast.BinOp):
            return self.is_container(node.left) or self.is_container(node.right)
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Slice) and self.is_container(node.value)
        if isinstance(node, ast.Attribute):
            return node.attr in _MADE and self.is_container(node.value)
        return isinstance(node, ast.comprehension) and self.is_container(node.iter)

    def mentions(self, node: ast.AST) -> bool:
        if id(node) in self.calls or (isinstance(node, ast.Call) and self.asks(node)):
            return False
        return self.is_container(node) or any(map(self.mentions, ast.iter_child_nodes(node)))

    def holds_call(self, node: ast.AST) -> bool:
        return any(id(inner) in self.calls for inner in ast.walk(node))

    # --- what names mean further on -----------------------------------------------------------------------------------

    def learn(self, node: ast.stmt, *, is_first: bool) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Call):
                    self._hand_over(value, is_statement=False)
                self._keep(targets, value, is_first=is_first)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._keep([target], value, is_first=is_first)
            case ast.AugAssign(target=target, value=value):
                self.bind(target, self.of(value))
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._bound |= shapes.names_in(item.optional_vars)
                        self.bind(item.optional_vars, self.of(item.context_expr))
                self._redirect(node)
            case ast.For(target=target, iter=iterated) | ast.AsyncFor(target=target, iter=iterated):
                if not self.holds_call(node) or self.holds_call(iterated):
                    role = self.of_items(iterated)
                    self.bind(target, role, iterated)
                    self.bind_all(shapes.stored(node) - shapes.names_in(target), role & CHANGED)
            case ast.Try() | ast.TryStar():
                self._bound.update(shapes.caught(node))
            case ast.While(test=test) if self.of_items(test) & CHANGED or self.mentions(test):
                self.bind_all(shapes.stored(node), CHANGED)
            case ast.Expr(value=ast.Call() as call):
                self._hand_over(call, is_statement=True)
                self.learn_of_call(call, is_first=is_first)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if self.mentions(node):  # it reads what was changed
                self.bind_all([node.name], CHANGED)
            case ast.Return(value=ast.Tuple(elts=parts)):
                self.returned = tuple(CHANGED if self.is_container(part) else self.of(part) for part in parts)
            case ast.Expr(value=ast.Yield(value=ast.expr() as part)):
                self.returned += (CHANGED if self.is_container(part) else self.of(part),)

    def learn_of_call(self, call: ast.Call, *, is_first: bool) -> None:
        for stream in self._written(call):
            if self.of(call) == ANSWER:  # what the program prints is its answer
                self.bind(stream, ANSWER)
            else:
                self._put_into(stream, call)
        if not isinstance(call.func, ast.Attribute):
            return
        held, method = call.func.value, call.func.attr
        if method in _ORDERS and self.is_container(held):  # xs.sort()
            self.bind(held, CHANGED)
        elif method in _FILLS and self.is_container(held):
            self._told.update([shapes.root(held)] if self._of_parts(call) & ANSWER else [])
        elif method in _FILLS:
            self._put_into(held, call)
            self._remember_parts(held, call.args[-1] if call.args else None)
            if is_first and isinstance(held, ast.Name) and any(id(given) in self.calls for given in call.args):
                self.mine.add(held.id)

    def _hand_over(self, call: ast.Call, *, is_statement: bool) -> None:
        """Learn that an object may keep what a method is given: `box.load(xs)`; of a call whose result nobody uses, any
        object that takes part: `store(box, xs)`.
        """
        name = context.name_of(call.func)
        if id(call) in self.calls or self.asks(call) or name in _FILLS or name.startswith("assert"):
            return
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if name in _PLAIN and is_statement:  # `list(map(box.add, xs))`
            for inner in (part for part in given if isinstance(part, ast.Call)):
                self._hand_over(inner, is_statement=True)
            return
        roles = {self.of(part) | (CHANGED if self.mentions(part) else 0) for part in given}
        if BOTH not in roles:  # that is a verdict
            held = [call.func.value if isinstance(call.func, ast.Attribute) else call.func]
            for holder in [*held, *given] if is_statement else held:
                self._keep_in(holder, sum(roles))

    def _keep_in(self, holder: ast.expr, role: int, *, by_name: bool = False) -> None:
        """Learn that an object of the test keeps a value of that role. by_name: as an attribute, so that its others are
        no answers.
        """
        named, names = shapes.root(holder), self.names
        if role & ANSWER:
            self._told.add(named)
        if not role or named in ("", "self", "cls", *names.programs, *names.answers, *names.changed, *dir(builtins)):
            return
        if named in context.defined() or (named not in self._kept and self.shown(holder)):
            return
        self._kept[named] = role | self._kept.get(named, 0)
        if self._kept[named] == BOTH:
            self.hold_either([named])
        elif not (by_name and role == ANSWER):
            self.bind_all([named], role)

    def _redirect(self, block: ast.With | ast.AsyncWith) -> None:
        """Learn where calls in a block write: `with redirect_stdout(out): print(f(xs))`."""
        for item in block.items:
            match item.context_expr:
                case ast.Call(args=[stream]) as made if shapes.is_call(made, _REDIRECTS):
                    calls = (n for inner in block.body for n in ast.walk(inner) if isinstance(n, ast.Call))
                    self._streams.update((id(call), item.optional_vars or stream) for call in calls)

    def _written(self, call: ast.Call) -> Iterable[ast.expr]:
        """Where a call writes what it is given, or what the program prints: `print(r, file=out)`."""
        files = [keyword.value for keyword in call.keywords if keyword.arg == "file"]
        if shapes.is_call(call, ("print",)) or self.of(call) == ANSWER:
            return files or ([self._streams[id(call)]] if id(call) in self._streams else _CAPTURED)
        return files

    def _put_into(self, holder: ast.expr, call: ast.Call) -> None:
        """Learn that values put into a container one after the other may be either."""
        roles = {self.of(given) for given in call.args} | {self._held.get(shapes.text(holder), 0)}
        self.bind(holder, self._of_parts(call) & BOTH)
        if isinstance(holder, ast.Name) and {ANSWER, CHANGED} <= roles:
            self.hold_either([holder.id])

    def _keep(self, targets: list[ast.expr], value: ast.expr, *, is_first: bool) -> None:
        match targets, value:
            case (
                [ast.Tuple(elts=names) | ast.List(elts=names)],
                ast.Tuple(elts=parts) | ast.List(elts=parts),
            ) if len(names) == len(parts):
                made = not is_first  # code before the call ran before it
                for name, part in zip(names, parts, strict=True):
                    made = made or self.holds_call(part)
                    if made:
                        self._keep([name], part, is_first=is_first and self.holds_call(part))
                    else:
                        self._held[shapes.text(name)] = 0
                return
        role = self.of(value)
        role = ANSWER if role & ANSWER else role
        for target in targets:
            text = shapes.text(target)
            if isinstance(target, ast.Name) and text not in self._made:
                self._held[text] = role
                self.mine.discard(text)
                self.earlier.discard(text)
            self._parts.pop(text, None)
            self.bind(target, role, value)
            self._remember_parts(target, value)
            compared = any(isinstance(n, ast.Compare) for n in ast.walk(value))  # a verdict, not an answer
            if is_first and role & ANSWER and isinstance(target, ast.Name) and not compared:
                self.mine.add(text)

    def _remember_parts(self, holder: ast.expr, value: ast.expr | None) -> None:
        """Learn the roles of the parts of a tuple or list, which may be compared later."""
        match value:
            case ast.List(elts=[ast.Tuple() as value]):  # the first of several
                self._remember_parts(holder, value)
                return
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                keys: list[object] = list(range(len(parts)))
            case ast.Dict(keys=named, values=parts):
                keys = [key.value if isinstance(key, ast.Constant) else key for key in named]
            case _:
                return
        roles = [self.of(part) for part in parts]
        if ANSWER in roles and any(self.makes(part) or self.is_container(part) for part in parts):
            self._parts[shapes.text(holder)] = dict(zip(keys, roles, strict=True))

    def bind(self, target: ast.expr, role: int, value: ast.expr | None = None) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Call) and self._bind_parts(target.elts, value):
            return
        if isinstance(target, ast.Subscript):  # stored under a key
            role, target = role | self.of(target.slice), target.value
        parts = self._parts_of(value)
        if parts and isinstance(target, ast.Name):  # `for pair in pairs`, `for item in pair`
            self._parts[target.id] = parts
        elif parts and isinstance(target, ast.Tuple):  # `for got, want in pairs`
            for index, name in enumerate(target.elts):
                self.bind(name, parts.get(index, 0))
        elif value is not None and self.of(value) == BOTH and self.pairs_up(value):
            self.hold_either(shapes.names_in(target))
        elif isinstance(target, ast.Attribute):
            self.bind_all([shapes.text(target)] if shapes.text(target) else [], role)
            if role != BOTH:
                self._keep_in(target.value, role, by_name=True)
        else:
            self.bind_all(shapes.names_in(target), role)

    def _parts_of(self, value: ast.expr | None) -> dict[object, int]:
        """The parts of a named container, or of its values: `d.values()`; of what is taken out: `pairs.pop()`."""
        match value:
            case ast.Call(func=ast.Attribute(value=holder, attr=method)) if method in _POPS:
                return self._parts_of(holder)
            case ast.Call(func=ast.Attribute(value=holder, attr="values")):
                return dict(enumerate(self._parts_of(holder).values()))
            case ast.Name() | ast.Attribute():
                return self._parts.get(shapes.text(value), {})
        return {}

    def _bind_parts(self, targets: list[ast.expr], value: ast.Call) -> bool:
        """Bind each target to its part, of values iterated in parallel or returned by a function. Whether it did."""
        if id(value) in self.calls and len(self._given) == len(targets):
            for target, role in zip(targets, self._given, strict=True):
                self._bind_part(target, role, is_container=role == CHANGED)
            return True
        walked = [None, *value.args] if shapes.is_call(value, ("enumerate",)) else value.args
        if not shapes.is_call(value, ("enumerate", "zip")) or len(walked) != len(targets):
            return False
        for target, part in zip(targets, walked, strict=True):
            if part is not None:
                self._bind_part(target, self.of_items(part), is_container=self.is_container(part))
        return True

    def _bind_part(self, target: ast.expr, role: int, *, is_container: bool) -> None:
        if not is_container or not isinstance(target, ast.Name):
            self.bind(target, role)
            return
        self.names = replace(self.names, changed=self.names.changed | {target.id})
        self._held[target.id] = CHANGED
        for names in (self._made, self.mine, self.earlier):
            names.discard(target.id)

    def hold_either(self, names: Iterable[str]) -> None:
        """Learn that these contain both as separate parts."""
        self._held.update(dict.fromkeys(names, BOTH))

    def bind_all(self, names: Iterable[str], role: int) -> None:
        for name in names:
            if role:
                self._held[name] = ANSWER if role & ANSWER else self._held.get(name, 0) | role
            if role == CHANGED:
                self._made.add(name)

    def shown(self, node: ast.expr) -> int:
        """The role of an expression if changed values count as they are."""
        parted = not self.names.parted.isdisjoint(shapes.names_in(node))
        return self.of(node) | (CHANGED if self.mentions(node) or (parted and not self.holds_call(node)) else 0)

    def own(self, node: ast.expr) -> bool:
        """Whether an expression is the test's own."""
        return not self.shown(node) and any(isinstance(n, _VALUES) for n in ast.walk(node))

    def is_told(self, node: ast.expr) -> bool:
        """Whether an object of the test was given an answer, which it may compare with what it holds."""
        return shapes.root(node) in self._told

    def is_known(self, own: ast.expr) -> bool:
        """Whether it is known where the test's own value comes from: not from an exception, a block, a name in a text,
        an object that has been given what was changed, or a container that has been filled since.
        """
        given_changed = any(role & CHANGED for role in self._kept.values())
        for node in ast.walk(own):
            if isinstance(node, ast.Name) and node.id in self._bound | self.names.blank:
                return False
            if isinstance(node, ast.Attribute) and given_changed:
                return False
            if isinstance(node, ast.Call) and context.name_of(node.func) in _LOOKS_UP:
                return False
        return True

    def is_open(self, node: ast.expr) -> bool:
        """Whether all that it uses is the answer, what was changed, and builtins."""
        seen = {*self.names.answers, *self.names.changed, *dir(builtins)} - _LOOKS_UP
        plain = not any(isinstance(n, ast.Attribute | ast.Subscript) for n in ast.walk(node))
        return plain and shapes.names_in(node) <= seen | shapes.stored_in(node)

    def is_whole(self, node: ast.expr) -> bool:
        if shapes.is_call(node, _WHOLE) and isinstance(node, ast.Call) and node.args and id(node) not in self.calls:
            return self.is_whole(node.args[0])
        return id(node) in self.calls or (isinstance(node, ast.Name) and node.id in self.mine)
