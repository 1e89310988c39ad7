"""In the checker: whether a test judges an answer by what the program has changed. Read from the test's text alone.

From the call on, each expression has a *role*: the answer, or what the program has changed (or what is made of that,
or of what a loop over it counts), or both, or neither: then it is the test's own. The answer is judged by what was
changed where both meet: `r == sum(xs)`, `not r - sum(xs)`, `zip(r, xs)`, `for x in xs: assert x in r`; and where of
several items none is left, by what compares nothing with itself (`xs == sorted(xs)`) or asks each of none. That is all
right where the test says itself what comes out: where it compares the whole answer, or what was changed, or both
together, with something of its own (`xs == [1, 2]`, `xs[:r] == want`, `xs + [r] == before`).
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from . import context, shapes

ANSWER, CHANGED = 1, 2
BOTH = ANSWER | CHANGED

# Functions that say nothing about what a container holds, or give it as it is.
_COPIES = ("list", "tuple", "copy", "deepcopy", "bytes")
_COPYING = frozenset(("copy", "reshape", "astype", "view", "flatten", "ravel", "squeeze", "item", "tobytes"))
_PLAIN = frozenset(("len", "id", "type", "print", "repr", "isinstance", "str", "hasattr", *_COPIES))
_SILENT = frozenset(("print", "isinstance", "hasattr", "type", "id"))
_WHOLE = frozenset(("sorted", "set", "frozenset", "dict", "Counter", "round", "float", "str", *_COPIES))
_TAKES = frozenset(("pop", "popleft", "popitem", "remove", "discard", "clear", "get", "index", "find"))
_ORDERS = frozenset(("sort", "reverse"))
_MADE = frozenset(("T", "flat", "real"))  # attributes of arrays
_MEETING = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In)
_WALKS = frozenset(("map", "filter"))
_DEEPEST = 3  # functions of a test that call each other

_Scope = ast.FunctionDef | ast.AsyncFunctionDef
_VALUES = (ast.Constant, ast.Name, ast.List, ast.Tuple, ast.Dict)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What names, and attributes of them (`self.data`), mean when the program has answered.

    answers: something of the program's, which holds data. programs: something of the program's to be called. changed:
    what was changed, or holds it. kept: an attribute of such an object that was not. parted: an object of which a part
    was changed: it counts only where the test says what is right. bare: whether what was changed counts as it is; else
    only what is made of it. resized: whether its length differs. vanished: whether all that it held is gone at once.
    equal: whether both meet only where they have to be the same.
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


Roles = tuple[int, ...]
"""Of what a function of the test returns: `return f(xs), xs`."""


class Found(enum.Enum):
    """MEETS: the answer is judged by what was changed. SAYS: the test says what is right."""

    NOTHING = enum.auto()
    MEETS = enum.auto()
    SAYS = enum.auto()


def read(
    scopes: list[ast.AST], statement: ast.stmt, calls: list[ast.Call], names: Names, given: Roles = ()
) -> tuple[Found, Roles]:
    """What is found, and what of it is returned side by side. scopes: the function, or the file, that runs, and those
    around it: they go on where it has put its answer. statement: it waits there for what calls gave. given: the same
    of the function that is called there.
    """
    functions = {node.name: node for node in context.nodes() if isinstance(node, _Scope)}
    reading = _Reading(names, set(map(id, calls)), functions, given)
    scope = scopes[0]
    statements = [n for n in ast.walk(scope) if isinstance(n, ast.stmt) and n is not scope]
    reading.recall(n for n in statements if shapes.place(n) < shapes.place(statement))
    reading.read((n for n in statements if shapes.place(n) >= shapes.place(statement)), statement)
    returned = reading.returned
    for around in scopes[1:]:
        reading.leave(scope)
        later = (n for n in ast.walk(around) if isinstance(n, ast.stmt) and n is not around)
        reading.read(n for n in later if n.lineno > (getattr(scope, "end_lineno", 0) or 0))
        scope = around
    if reading.says or (reading.pins and not reading.meets_earlier):
        return Found.SAYS, returned
    return (Found.MEETS if reading.meets else Found.NOTHING), returned


class _Reading:
    """One reading of statements, from the first to the last. meets: whether answer and change do. meets_earlier: an
    answer to another call does. says: whether the test says what is right of what was changed. pins: of the answer.
    """

    def __init__(
        self,
        names: Names,
        calls: set[int],
        functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef],
        given: Roles = (),
    ):
        self._names = names
        self._given = given
        self.returned: Roles = ()
        self._calls = calls
        self._functions = functions
        self._roles = dict.fromkeys(names.answers, ANSWER) | dict.fromkeys(names.changed, CHANGED)
        self._made: set[str] = set()  # computed of what was changed
        self._mine: set[str] = set()  # the answer that is asked about
        self._earlier: set[str] = set()
        self._parts: dict[str, dict[object, int]] = {}  # of what holds both: `(f(xs), sorted(xs))`, a list of such
        self._depth = 0
        self.meets = self.meets_earlier = self.says = self.pins = False

    def recall(self, statements: Iterable[ast.stmt]) -> None:
        """What the program answered before: what it changes now may be what that is judged by."""
        for node in statements:
            if isinstance(node, ast.Assign) and self._role(node.value) & ANSWER:
                names = (n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name))
                self._earlier |= set(names) - self._names.changed
        self._bind_all(self._earlier, ANSWER)

    def leave(self, function: ast.AST) -> None:
        """What a function of the test returned is an answer to those that call it."""
        returned = (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None)
        if isinstance(function, _Scope) and any(self._role(value) & ANSWER for value in returned):
            self._names = replace(self._names, programs=self._names.programs | {function.name})

    def read(self, statements: Iterable[ast.stmt], first: ast.stmt | None = None) -> None:
        for node in sorted(statements, key=shapes.place):
            parts = list(shapes.own_parts(node))
            if isinstance(node, ast.Match):
                captured = (n.name for part in parts for n in ast.walk(part) if isinstance(n, ast.MatchAs))
                self._bind_all((name for name in captured if name), self._role(node.subject))
            for part in parts:
                for inner in ast.walk(part):
                    if isinstance(inner, ast.NamedExpr):
                        self._bind(inner.target, self._role(inner.value))
                    elif isinstance(inner, ast.Lambda) and isinstance(inner.body, ast.Call):
                        self._learn_of_call(inner.body, is_first=node is first)
                    elif isinstance(inner, ast.Call) and (id(inner) in self._calls or self._asks(inner)):
                        self._bind_all(shapes.filled_by(inner) - self._names.changed, ANSWER)
                    elif isinstance(inner, ast.comprehension) and not self._holds_call(inner):
                        self._bind(inner.target, self._role_of_items(inner.iter), inner.iter)
            for condition in shapes.conditions(node):
                self._look_for_word(condition)
            for part in parts:
                for inner in ast.walk(part):
                    self._look_for_meeting(inner)
            if (missed := shapes.missed(node)) is not None:
                self._meet(missed)
            if self._names.vanished:
                self._look_for_nothing(node)
            self._learn(node, is_first=node is first)

    # --- roles --------------------------------------------------------------------------------------------------------

    def _role(self, node: ast.AST) -> int:
        if id(node) in self._calls:
            return ANSWER
        if isinstance(node, ast.Call) and self._asks(node):
            return ANSWER
        if not self._names.bare and self._makes(node):
            return CHANGED | self._of_parts(node)
        if isinstance(node, ast.Name | ast.Attribute):
            text = shapes.text(node)
            if text in self._names.kept:
                return 0
            if text in self._roles:
                role = self._roles[text]
                return role & ANSWER if not self._names.bare and self._is_container(node) else role
        if isinstance(node, ast.Subscript):  # the index says only which item is meant: that is the answer
            chosen = not isinstance(node.slice, ast.Slice) and self._is_container(node.value)
            if chosen and self._role(node.slice) & ANSWER:
                return ANSWER
            index = node.slice.value if isinstance(node.slice, ast.Constant) else None
            return self._parts.get(shapes.text(node.value), {}).get(index, 0) or self._role(node.value)
        if isinstance(node, _COMPREHENSIONS):  # what is walked over says only what was asked
            item = node.value if isinstance(node, ast.DictComp) else node.elt
            if (role := self._role(item)) & ANSWER:
                return role
        return self._of_parts(node)

    def _asks(self, call: ast.Call) -> bool:
        """Whether the program is called there, or by a walk over what is made there: `map(f, xs)`."""
        called = call.args[0] if shapes.is_call(call, _WALKS) and call.args else call.func
        return shapes.root(called) in self._names.programs

    def _of_parts(self, node: ast.AST) -> int:
        role = 0
        for part in ast.iter_child_nodes(node):
            role |= self._role(part)
        return role

    def _role_of_items(self, iterated: ast.expr) -> int:
        role = self._role(iterated)
        if isinstance(iterated, ast.Call) and context.name_of(iterated.func) == "range":
            return role & CHANGED
        return role | (CHANGED if self._is_container(iterated) else 0)

    def _is_container(self, node: ast.AST) -> bool:
        """What was changed itself, or what holds the same: `list(xs)`."""
        if isinstance(node, ast.Call) and len(node.args) == 1 and context.name_of(node.func) in _COPIES:
            return self._is_container(node.args[0])
        text = shapes.text(node)
        return text in self._names.changed and self._roles.get(text) == CHANGED and text not in self._made

    def _makes(self, node: ast.AST) -> bool:
        """Whether something is made there of what was changed: `sorted(xs)`, `xs[::-1]`, and not `len(xs)`, `xs[0]`."""
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and self._is_container(function.value):
                return function.attr not in _COPYING | _TAKES | shapes.GROWS
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            return context.name_of(function) not in _PLAIN and any(map(self._mentions, given))
        if isinstance(node, ast.BinOp):
            return self._is_container(node.left) or self._is_container(node.right)
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Slice) and self._is_container(node.value)
        if isinstance(node, ast.Attribute):
            return node.attr in _MADE and self._is_container(node.value)
        return isinstance(node, ast.comprehension) and self._is_container(node.iter)

    def _mentions(self, node: ast.AST) -> bool:
        if id(node) in self._calls or (isinstance(node, ast.Call) and self._asks(node)):
            return False
        return self._is_container(node) or any(map(self._mentions, ast.iter_child_nodes(node)))

    def _holds_call(self, node: ast.AST) -> bool:
        return any(id(inner) in self._calls for inner in ast.walk(node))

    # --- what names mean further on -----------------------------------------------------------------------------------

    def _learn(self, node: ast.stmt, *, is_first: bool) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self._keep(targets, value, is_first=is_first)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._keep([target], value, is_first=is_first)
            case ast.AugAssign(target=target, value=value):
                self._bind(target, self._role(value))
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, self._role(item.context_expr))
            case ast.For(target=target, iter=iterated) | ast.AsyncFor(target=target, iter=iterated):
                if not self._holds_call(node) or self._holds_call(iterated):
                    role = self._role_of_items(iterated)
                    self._bind(target, role, iterated)
                    own = {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
                    self._bind_all(shapes.stored(node) - own, role & CHANGED)
            case ast.While(test=test) if self._role_of_items(test) & CHANGED or self._mentions(test):
                self._bind_all(shapes.stored(node), CHANGED)
            case ast.Expr(value=ast.Call() as call):
                self._learn_of_call(call, is_first=is_first)
            case ast.Return(value=ast.Tuple(elts=parts)):
                self.returned = tuple(CHANGED if self._is_container(part) else self._role(part) for part in parts)

    def _learn_of_call(self, call: ast.Call, *, is_first: bool) -> None:
        if not isinstance(call.func, ast.Attribute):
            return
        held, method = call.func.value, call.func.attr
        if method in _ORDERS and self._is_container(held):  # xs.sort()
            self._bind(held, CHANGED)
        elif method in shapes.GROWS and not self._is_container(held):
            self._bind(held, self._of_parts(call) & BOTH)
            self._remember_parts(held, call.args[-1] if call.args else None)
            if is_first and isinstance(held, ast.Name) and any(id(given) in self._calls for given in call.args):
                self._mine.add(held.id)

    def _keep(self, targets: list[ast.expr], value: ast.expr, *, is_first: bool) -> None:
        match targets, value:
            case [ast.Tuple(elts=names)], ast.Tuple(elts=parts) if len(names) == len(parts):
                made = not is_first  # what stands before the call was made before it
                for name, part in zip(names, parts, strict=True):
                    made = made or self._holds_call(part)
                    if made:
                        self._keep([name], part, is_first=is_first and self._holds_call(part))
                    else:
                        self._roles[shapes.text(name)] = 0
                return
        role = self._role(value)
        role = ANSWER if role & ANSWER else role
        for target in targets:
            text = shapes.text(target)
            if isinstance(target, ast.Name) and text not in self._made:
                self._roles[text] = role
                self._mine.discard(text)
                self._earlier.discard(text)
            self._bind(target, role, value)
            self._remember_parts(target, value)
            if is_first and role & ANSWER and isinstance(target, ast.Name):
                self._mine.add(text)

    def _remember_parts(self, holder: ast.expr, value: ast.expr | None) -> None:
        """What is kept side by side is compared later on: each part keeps its role."""
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
        roles = [self._role(part) for part in parts]
        if ANSWER in roles and any(self._makes(part) or self._is_container(part) for part in parts):
            self._parts[shapes.text(holder)] = dict(zip(keys, roles, strict=True))

    def _bind(self, target: ast.expr, role: int, value: ast.expr | None = None) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Call) and self._bind_parts(target.elts, value):
            return
        parts = self._parts.get(shapes.text(value), {}) if value is not None else {}
        if parts and isinstance(target, ast.Tuple):  # `for got, want in pairs`
            for index, name in enumerate(target.elts):
                self._bind(name, parts.get(index, 0))
        elif isinstance(target, ast.Attribute):
            self._bind_all([shapes.text(target)] if shapes.text(target) else [], role)
        else:
            self._bind_all((n.id for n in ast.walk(target) if isinstance(n, ast.Name)), role)

    def _bind_parts(self, targets: list[ast.expr], value: ast.Call) -> bool:
        """Whether each is bound to a part of its own: of what walks side by side, or what a function returned."""
        if id(value) in self._calls and len(self._given) == len(targets):
            for target, role in zip(targets, self._given, strict=True):
                self._bind_part(target, role, is_container=role == CHANGED)
            return True
        walked = [None, *value.args] if shapes.is_call(value, ("enumerate",)) else value.args
        if not shapes.is_call(value, ("enumerate", "zip")) or len(walked) != len(targets):
            return False
        for target, part in zip(targets, walked, strict=True):
            if part is not None:
                self._bind_part(target, self._role_of_items(part), is_container=self._is_container(part))
        return True

    def _bind_part(self, target: ast.expr, role: int, *, is_container: bool) -> None:
        if not is_container or not isinstance(target, ast.Name):
            self._bind(target, role)
            return
        self._names = replace(self._names, changed=self._names.changed | {target.id})
        self._roles[target.id] = CHANGED
        for names in (self._made, self._mine, self._earlier):
            names.discard(target.id)

    def _bind_all(self, names: Iterable[str], role: int) -> None:
        for name in names:
            if role:
                self._roles[name] = ANSWER if role & ANSWER else self._roles.get(name, 0) | role
            if role == CHANGED:
                self._made.add(name)

    # --- where they meet ----------------------------------------------------------------------------------------------

    def _look_for_meeting(self, node: ast.AST) -> None:
        match node:
            case ast.Compare():
                sides = (node.left, *node.comparators)
                if not any(isinstance(side, ast.Constant) for side in sides):
                    pairs = zip(pairwise(sides), node.ops, strict=True)
                    meeting = (ast.Eq, ast.NotEq) if self._names.equal else _MEETING
                    self._meet(*(pair for pair, op in pairs if isinstance(op, meeting)))
            case ast.BinOp(left=left, right=right) if not self._names.equal:
                self._meet((left, right))
            case ast.Call(func=function, args=args, keywords=keywords):
                name = context.name_of(function)
                if (
                    name in _SILENT | shapes.GROWS | _TAKES
                    or shapes.root(function) in self._names.programs
                    or id(node) in self._calls
                ):
                    return
                given = [*args, *(keyword.value for keyword in keywords)]
                inside = self._functions.get(name)
                if inside is not None:
                    self._read_function(inside, shapes.text(function), given, keywords)
                    return
                parts = [*given, *([function.value] if isinstance(function, ast.Attribute) else [])]
                if not self._names.equal or name == "zip" or shapes.compares(node):
                    self._meet(*combinations(parts, 2))

    def _look_for_nothing(self, node: ast.stmt) -> None:
        """What is asserted of each item that is not there any more, or of nothing beside itself: `xs == sorted(xs)`."""
        if isinstance(node, ast.For) and any(map(shapes.asserts, node.body)):
            self.meets |= self._mentions(node.iter)
        for condition in shapes.conditions(node):
            for inner in ast.walk(condition):
                if isinstance(inner, ast.comprehension):
                    self.meets |= self._mentions(inner.iter)
                elif isinstance(inner, ast.Compare):
                    sides = pairwise((inner.left, *inner.comparators))
                    self.meets |= any(self._mentions(one) and self._mentions(other) for one, other in sides)

    def _meet(self, *pairs: tuple[ast.expr, ast.expr]) -> None:
        for one, other in pairs:
            roles = self._role(one), self._role(other)
            if roles in ((ANSWER, CHANGED), (CHANGED, ANSWER)):
                self.meets = True
                answer = one if roles[0] == ANSWER else other
                self.meets_earlier |= any(isinstance(n, ast.Name) and n.id in self._earlier for n in ast.walk(answer))

    def _read_function(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        called: str,
        given: list[ast.expr],
        keywords: list[ast.keyword],
    ) -> None:
        """A function of the test that is given both, `is_permutation(got, xs)`, or has one: `self.is_right(got)`."""
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        own = f"{names.pop(0)}." if names[:1] in (["self"], ["cls"]) else ""
        holder = f"{called.rpartition('.')[0]}."
        named = {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
        bound = dict(zip(names, given, strict=False)) | {name: named[name] for name in names if name in named}
        roles = {name: self._role(value) for name, value in bound.items()}
        changed = {name for name, value in bound.items() if self._is_container(value)}
        if own:
            changed |= {own + name.removeprefix(holder) for name in self._names.changed if name.startswith(holder)}
        made = {name for name, role in roles.items() if role == CHANGED} - changed
        answers = {name for name, role in roles.items() if role & ANSWER} - changed
        if not answers or not (changed or made) or self._depth >= _DEEPEST:
            return
        within = replace(self._names, answers=frozenset(answers), changed=frozenset(changed), kept=frozenset())
        reading = _Reading(within, set(), self._functions)
        reading._depth = self._depth + 1
        reading._mine = set(answers)
        reading._bind_all(made, CHANGED)
        reading.read(n for n in ast.walk(function) if isinstance(n, ast.stmt) and n is not function)
        self.meets |= reading.meets
        self.says |= reading.says
        self.pins |= reading.pins

    # --- where the test says what is right ----------------------------------------------------------------------------

    def _look_for_word(self, condition: ast.expr, equal: type[ast.cmpop] = ast.Eq) -> None:
        match condition:
            case ast.BoolOp(values=values):
                for value in values:
                    self._look_for_word(value, equal)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.says |= self._names.resized and self._is_container(operand)
                self._look_for_word(operand, ast.NotEq if equal is ast.Eq else ast.Eq)
            case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp(elt=part) | ast.ListComp(elt=part)]):
                self._look_for_word(part, equal)
            case ast.Call(func=ast.Attribute(value=held, attr=name), args=[]) if not name.startswith("assert"):
                # `stack.is_empty()`, and not what a mock is asked
                self.says |= self._is_container(held) or shapes.root(held) in self._names.parted
            case ast.Call(args=[one, other, *_]) if shapes.compares(condition):
                self._look_at_sides(one, other)
            case ast.Compare(left=left, comparators=comparators, ops=ops):
                for (one, other), op in zip(pairwise((left, *comparators)), ops, strict=True):
                    if isinstance(op, equal | ast.Is):
                        self._look_at_sides(one, other)
                    elif isinstance(op, ast.NotIn) and equal is ast.NotEq:  # `if x not in r: raise`
                        self._meet((one, other))
                    elif isinstance(op, ast.NotIn):
                        self.says |= self._own(one) and self._is_container(other)

    def _look_at_sides(self, one: ast.expr, other: ast.expr) -> None:
        for judged, own in ((one, other), (other, one)):
            if self._own(own):
                role = self._shown(judged)
                self.pins |= role == ANSWER and self._is_whole(judged) and not shapes.is_none(own)
                # no errors are counted, where there was nothing
                counted = not self._mentions(judged) and not shapes.says_something(own)
                sized = self._names.resized or not shapes.is_call(judged, ("len",))
                self.says |= role == CHANGED and sized and not counted
                self.says |= role == BOTH and shapes.says_something(own)

    def _shown(self, node: ast.expr) -> int:
        """The role, where what was changed counts as it is."""
        parted = any(isinstance(n, ast.Name) and n.id in self._names.parted for n in ast.walk(node))
        return self._role(node) | (CHANGED if self._mentions(node) or (parted and not self._holds_call(node)) else 0)

    def _own(self, node: ast.expr) -> bool:
        """Whether it is the test's own."""
        return not self._shown(node) and any(isinstance(n, _VALUES) for n in ast.walk(node))

    def _is_whole(self, node: ast.expr) -> bool:
        if shapes.is_call(node, _WHOLE) and isinstance(node, ast.Call) and node.args and id(node) not in self._calls:
            return self._is_whole(node.args[0])
        return id(node) in self._calls or (isinstance(node, ast.Name) and node.id in self._mine)
