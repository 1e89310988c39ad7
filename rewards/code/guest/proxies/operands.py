"""In the checker: decides whether an operand of the test may be sent to the program, by how the test uses the result.

`Mod7(5) + 4 == 2` tells the program no more than `f(4) == 2` does, if the test itself made the left side by calling a
class: the expected value stays here. A value that the program itself returned tells it nothing either
(`Money(1) + Money(2) < Money(4)`, if the sum is a number). An operand that may be the expected value is never sent.
That is the case if

- the result is ordered, or tested for its truth: `abs(Mean(1, 2) - 1.5) < 1e-6`, `assert not Mean(1, 2) - 1.5`;
- a difference, quotient or the like is compared with its value for equal operands: `Mean(1, 2) - 1.5 == 0`;
- the result is compared with the operand: `Mask(7) & 4 == 4`.

Containers are sent as copies, since the program could change them.
"""

from __future__ import annotations

import ast
import functools
import operator
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import CodeType, FrameType
from typing import Any, cast

from ..sources import context, shapes
from ..sources.context import name_of
from . import proxies
from .attributes import DATA_HAS

# Values that the program cannot change.
ATOMS = frozenset((bool, int, float, complex, str, bytes, type(None), Decimal, Fraction, date, datetime, timedelta))
_COMPARES = frozenset(
    (
        *("assertEqual", "assertNotEqual", "assertSequenceEqual", "assertListEqual", "assertTupleEqual"),
        *("assertDictEqual", "assertSetEqual", "assert_equal", "assert_array_equal"),
        *("assertAlmostEqual", "assertNotAlmostEqual", "isclose", "allclose", "assert_allclose"),
    )
)
_ORDERS = ("assertLess", "assertLessEqual", "assertGreater", "assertGreaterEqual")
_KINDS = ("isinstance", "type", "id", "callable", "assertIsInstance", "assertNotIsInstance")
# Functions whose result is compared in place of their argument.
_OF_CONTENT = frozenset(("list", "tuple", "sorted", "set", "dict", "len", "int", "float", "abs", "round", "sum"))
_TEXTS = ("str", "repr", "print")
_CALLABLES = (  # the program may call them, as it may what a method is given
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType, functools.partial),
    type,
)
# What each gives for two equal values. A sum measures, too, if the operand is negative.
_EQUAL_GIVES: dict[type[ast.operator], tuple[int, ...]] = {
    **dict.fromkeys((ast.Sub, ast.Mod, ast.BitXor, ast.BitAnd), (0,)),
    **dict.fromkeys((ast.Div, ast.FloorDiv), (0, 1)),
}
_COMPUTED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_CALLED: dict[str, type[ast.operator]] = {"divmod": ast.FloorDiv, "pow": ast.Pow}  # operators that are functions
_QUOTIENT, _REMAINDER = frozenset((1,)), frozenset((0,))  # what `divmod` gives for two equal values
_COMPARABLE = ATOMS | {list, tuple, dict, set, frozenset}
_UNKNOWN: Any = object()
_DEEPEST = 8

_operations: dict[tuple[CodeType, int], Any] = {}
_MOST_OPERATIONS = 1000


def may_be_sent(frame: FrameType, operand: Any, is_class: bool, is_text: bool) -> bool:
    """Whether the operand of the operation that a test executes may be sent. is_class: whether the other operand is an
    object of what the test uses as a class, rather than of what should be a function. is_text: whether it is a text, of
    which `%` fills in the operand.
    """
    tree = context.tree_of(frame.f_code.co_filename)
    node = _operation_of(frame)
    if tree is not None and type(operand) in ATOMS and _is_programs_own(frame, tree, node):
        return True
    if tree is None or node is None:
        return False
    parents = context.parents_of(tree)
    if isinstance(node, ast.Compare):  # `with raises(TypeError): Money(1) < 5`
        return is_class and isinstance(parents[node], ast.Expr) and (_is_plain(operand) or _is_object(operand))
    if isinstance(operand, types.FunctionType | types.MethodType | functools.partial):
        return True  # `Pipe() >> clean`: the program may call it, as it may what a method is given
    if not (_is_plain(operand) or isinstance(operand, _CALLABLES) or _is_object(operand)):
        return False
    kind = _CALLED[name_of(node.func)] if isinstance(node, ast.Call) else type(node.op)
    if isinstance(operand, int | float) and operand < 0 and kind is ast.Add:
        return False
    gives = () if is_text and kind is ast.Mod else _EQUAL_GIVES.get(kind, ())
    use = _Use(frame, parents, tree, operand, is_class, frozenset(gives))
    if isinstance(node, ast.AugAssign):
        return use.of_name(node.target, node)
    return use.is_harmless(node) or use.equals_object_made_of(node)


def grows(frame: FrameType, operand: Any) -> bool:
    """Whether a test adds a plain operand to what it has, in place: `items += [3]`. What gives an object there tells
    the program as much as `items.extend([3])` does; a difference would measure.
    """
    node = _operation_of(frame)
    if not (isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.BitOr | ast.Mult | ast.LShift)):
        return False
    if isinstance(operand, int | float) and operand < 0:
        return False
    return _is_plain(operand) or isinstance(operand, _CALLABLES) or _is_object(operand)


def goes_to_program(frame: FrameType) -> bool:
    """Whether the result of the operation that a test executes is only an argument of the program.

    In `q.where(F.age > 25)` the operand tells it what any other argument would.
    """
    tree = context.tree_of(frame.f_code.co_filename)
    node = _operation_of(frame)
    if tree is None or not isinstance(node, ast.BinOp | ast.Compare):
        return False
    use = _Use(frame, context.parents_of(tree), tree, None, False, frozenset())
    if isinstance(above := use.parents.get(node), ast.Assign) and len(above.targets) == 1:
        name = above.targets[0]
        loads = [(each, n) for each, n in use.loads(name, node) if not shapes.is_identity(each.parents[n])]
        return bool(loads) and all(each.is_argument_of_program(n) for each, n in loads)
    return use.is_argument_of_program(node)


def _is_programs_own(frame: FrameType, tree: ast.Module, node: Any) -> bool:
    """Whether both sides of the operation that a test executes are the program's, or all arguments of the call in which
    it happens: `sum(objects, Money(0))`.
    """
    use = _Use(frame, context.parents_of(tree), tree, None, False, frozenset())
    match node:
        case ast.BinOp():
            return use.gave(node.left) and use.gave(node.right)
        case ast.Compare():
            return all(map(use.gave, shapes.sides(node)))
    calls = [node] if isinstance(node, ast.Call) else []
    calls = context.running_calls(frame) if node is None else calls
    return any(
        bool(call.args) and not call.keywords and all(use.gave(each) or use.is_builtin(each) for each in call.args)
        for call in calls
    )


def _operation_of(frame: FrameType) -> Any:
    key = (frame.f_code, frame.f_lasti)
    if key not in _operations:
        if len(_operations) >= _MOST_OPERATIONS:
            _operations.clear()
        nodes = context.running(frame, ast.BinOp, ast.AugAssign, ast.Compare, ast.Call)
        _operations[key] = next(filter(_is_operation, nodes), None)
    return _operations[key]


def _is_operation(node: ast.expr | ast.AugAssign) -> bool:
    """Whether it is an operator, or a call that is one."""
    if not isinstance(node, ast.Call):
        return True
    return isinstance(node.func, ast.Name) and node.func.id in _CALLED and len(node.args) >= 2


def copied(operand: Any) -> Any:
    """The operand as it is sent: of a container a copy, so that the program cannot change what the test holds."""
    if type(operand) is dict:
        return {key: copied(value) for key, value in operand.items()}
    return type(operand)(map(copied, operand)) if type(operand) in (list, tuple, set, frozenset) else operand


@dataclass(frozen=True, slots=True)
class _Use:
    """How a test uses the result of an operation. equal_gives: the result for two equal operands."""

    frame: FrameType
    parents: dict[ast.AST, ast.AST]
    tree: ast.Module
    operand: Any
    is_class: bool
    equal_gives: frozenset[int]

    def is_harmless(self, node: ast.AST, depth: int = _DEEPEST) -> bool:
        """Whether it uses an expression only for what the operand does not tell. Raises UnsupportedTest."""
        above = self.parents.get(node)
        if above is None or depth == 0:
            return False
        if isinstance(node, ast.Call) and name_of(node.func) == "divmod":
            return self._parts_are_harmless(node, above, depth)
        if looks_into(above, node):
            if self._shows_operand(above):
                proxies.the_link().unsupported("an operator whose result is shown beside its operand")
            return not (self.equal_gives and self._is_text_of_equals(above))
        match above:
            case ast.Expr():
                return True
            case ast.BinOp():
                gives = self._gives_behind(above, node)
                return gives is not None and replace(self, equal_gives=gives).is_harmless(above, depth - 1)
            case ast.UnaryOp(op=sign):
                return not isinstance(sign, ast.Not) and self.is_harmless(above, depth - 1)
            case ast.List() | ast.Tuple() if (beside := self._beside(above, node)) is not None:
                return self.is_class and self._says(beside)
            case ast.List() | ast.Tuple() | ast.Starred() | ast.ListComp(elt=ast.expr()):
                return self._is_row(above, node, depth)
            case ast.Set() | ast.SetComp():  # how many differ may tell which of them are equal
                return not self.equal_gives and self._is_row(above, node, depth)
            case ast.For(iter=walked) | ast.comprehension(iter=walked):
                return walked is node and not self.equal_gives  # each item may be compared with what equal ones give
            case ast.Compare():
                return self._is_compared(above, node)
            case ast.Attribute():
                return self.is_harmless(above, depth - 1)
            case ast.Call(func=called) if called is node:
                return self.is_harmless(above, depth - 1)
            case ast.Call():
                return self._is_argument(above, node, depth)
            case ast.Assign(targets=targets):
                return all(isinstance(t, ast.Tuple) or self.of_name(t, above, depth - 1) for t in targets)
        return False

    def _is_row(self, row: ast.AST, node: ast.AST, depth: int) -> bool:
        """Whether an expression is an item of a row of which all uses are harmless."""
        return getattr(row, "elt", node) is node and self.is_harmless(row, depth - 1)

    def _beside(self, row: ast.List | ast.Tuple, node: ast.AST) -> ast.expr | None:
        """What an item is compared with, where two rows are: `[m - 1, n] == [0, 5]`."""
        match self.parents.get(row):
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                other = right if left is row else left
                if isinstance(other, ast.List | ast.Tuple) and len(other.elts) == len(row.elts):
                    is_plain = not any(isinstance(each, ast.Starred) for each in (*row.elts, *other.elts))
                    return other.elts[row.elts.index(cast(ast.expr, node))] if is_plain else None
        return None

    def _parts_are_harmless(self, call: ast.Call, above: ast.AST, depth: int) -> bool:
        """The same of what `divmod` gives: a quotient and a remainder."""
        match above:
            case ast.Subscript(slice=ast.Constant(value=0 | 1 as at)):
                part = replace(self, equal_gives=_REMAINDER if at else _QUOTIENT)
                return part.is_harmless(above, depth - 1)
            case ast.Assign(targets=[ast.Tuple(elts=[quotient, remainder])]):
                parts = ((quotient, _QUOTIENT), (remainder, _REMAINDER))
                uses = ((replace(self, equal_gives=gives), name) for name, gives in parts)
                return all(not [*use.loads(name, above)] or use.of_name(name, above, depth - 1) for use, name in uses)
            case ast.Compare():
                return self._is_compared(above, call)
        return isinstance(above, ast.Expr)

    def equals_object_made_of(self, node: ast.expr) -> bool:
        """Whether the test made an object of the operand alone, and compares the result with another that it makes:
        `Money(5) - 5 == Money(0)`. So the operand tells nothing.
        """
        match node, self.parents.get(node):
            case ast.BinOp(left=made, right=other), ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                made = made if isinstance(made, ast.Call) else other
                side = right if left is node else left
                if not (isinstance(made, ast.Call) and isinstance(side, ast.Call) and self._is_of_program(side)):
                    return False
                given = tuple(map(self._value, made.args))
                of_one = given[0] if len(given) == 1 else given
                return not made.keywords and type(of_one) is type(self.operand) and of_one == self.operand
        return False

    def _gives_behind(self, outer: ast.BinOp, node: ast.AST) -> frozenset[int] | None:
        """What a further operation gives for two equal operands: `m - 1.5 + 1`. None = that is not known."""
        own = frozenset(_EQUAL_GIVES.get(type(outer.op), ()))
        if not self.equal_gives:
            return own
        compute = _COMPUTED.get(type(outer.op))
        other = self._value(outer.right if outer.left is node else outer.left)
        if compute is None or type(other) not in (int, float):
            return None
        pairs = [(each, other) if outer.left is node else (other, each) for each in self.equal_gives]
        return own | {compute(*pair) for pair in pairs}

    def _is_text_of_equals(self, text: ast.AST) -> bool:
        """Whether a text is compared with that of what the operation gives for two equal operands."""
        above: ast.AST | None = text
        while isinstance(above, ast.FormattedValue | ast.JoinedStr | ast.Call):
            above = self.parents.get(above)
        if not isinstance(above, ast.Compare):
            return False
        shown = (n.value for n in ast.walk(above) if isinstance(n, ast.Constant))
        return any(type(each) is str and _number_in(each) in self.equal_gives for each in shown)

    def _shows_operand(self, view: ast.AST) -> bool:
        """Whether the test looks in the same way at the operand, an object that the program can return:
        `str(zero + want) == str(want)`.
        """
        if not _is_object(self.operand):
            return False
        parts = ast.iter_child_nodes(_operation_of(self.frame))
        sides = {ast.dump(part) for part in parts if not self._is_of_program(cast(ast.expr, part))}
        kind = type(view), getattr(view, "attr", "")
        views = ((n, up) for n, up in self.parents.items() if (type(up), getattr(up, "attr", "")) == kind)
        return any(looks_into(up, n) and ast.dump(n) in sides for n, up in views)

    def of_name(self, target: ast.AST, node: ast.AST, depth: int = _DEEPEST) -> bool:
        """Whether every use of a name is harmless, and there is one."""
        if isinstance(target, ast.Name) and target.id == "_" and not isinstance(node, ast.AugAssign):
            return "_" not in shapes.read_in(self.tree)
        loads = list(self.loads(target, node)) if depth else []
        # Operations are looked at themselves
        places = [(use, n, use.parents[n]) for use, n in loads]
        used = [(use, n) for use, n, above in places if not (isinstance(above, ast.BinOp) or shapes.is_identity(above))]
        return bool(used) and all(use.is_harmless(n, depth - 1) for use, n in used)

    def loads(self, target: ast.AST, node: ast.AST) -> Iterator[tuple[_Use, ast.expr]]:
        """Where a name is read: in the function around a node, or in all sources, as what a fixture keeps
        (`self.total`) is.
        """
        if not isinstance(target, ast.Name | ast.Attribute):
            return
        kind, name = type(target), name_of(target)
        function = context.function_around(node, self.parents) if kind is ast.Name else None
        for tree in [self.tree] if function is not None else context.trees():
            use = replace(self, parents=context.parents_of(tree), tree=tree)
            for found in ast.walk(function or tree):
                if isinstance(found, kind) and name_of(found) == name and isinstance(found.ctx, ast.Load):
                    yield use, found

    def is_argument_of_program(self, node: ast.AST) -> bool:
        """Whether an expression is handed to the program, also after further operators: `(F.a > 1) & (F.b < 2)`."""
        above = self.parents.get(node)
        while isinstance(above, ast.BinOp | ast.UnaryOp | ast.keyword) and not isinstance(
            getattr(above, "op", None), ast.Not
        ):
            node, above = above, self.parents.get(above)
        handed = isinstance(above, ast.Call) and node is not above.func
        return handed and self._is_of_program(cast(ast.Call, above).func)

    def _is_argument(self, call: ast.Call, node: ast.AST, depth: int) -> bool:
        name = name_of(call.func)
        if name in _KINDS or shapes.is_identity(call):
            return True
        if name in ("map", "filter", "iter", "next", "enumerate", "zip"):
            return not self.equal_gives
        if name in _COMPARES:
            return self.is_class and all(argument is node or self._says(argument) for argument in call.args[:2])
        if name in _ORDERS:
            return self.is_class and all(
                argument is node or self._is_of_program(argument) for argument in call.args[:2]
            )
        if isinstance(call.func, ast.Name) and name in _OF_CONTENT:
            return call.args[0] is node and self.is_harmless(call, depth - 1)
        return self._is_of_program(call.func)

    def _is_compared(self, compare: ast.Compare, node: ast.AST) -> bool:
        if shapes.is_identity(compare):
            return True
        sides = [side for side in shapes.sides(compare) if side is not node]
        if all(isinstance(each, ast.Eq | ast.NotEq) for each in compare.ops):
            return self.is_class and all(map(self._says, sides))
        orders = all(isinstance(each, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for each in compare.ops)
        return orders and self.is_class and all(map(self._is_of_program, sides))

    def _says(self, side: ast.expr) -> bool:
        """Whether an expression says what is right, and the operand does not tell what it says."""
        equals: Any = type(self.operand).__eq__
        if _is_object(self.operand) and equals is not object.__eq__:
            return False  # it may say itself that it is what is expected
        if isinstance(side, ast.Call) and name_of(side.func) == "approx" and side.args:
            return self._says(side.args[0])
        if self._is_of_program(side):
            given = shapes.given(side) if isinstance(side, ast.Call) else []
            values = [self._value(argument) for argument in given]
            return not (self.equal_gives and isinstance(side, ast.Call) and all(map(self._is_neutral, values)))
        value = self._value(side)
        if value is _UNKNOWN and _is_object(self.operand):
            return False  # it may be what the expression says
        if value is not _UNKNOWN:
            return not (
                self._is_neutral(value)
                or (type(value) in _COMPARABLE and type(self.operand) in _COMPARABLE and value == self.operand)
            )
        if not self.equal_gives:
            return True
        constants = (n.value for n in ast.walk(side) if isinstance(n, ast.Constant))
        return any(constant not in (0, 1, "0", "1", "0.0", "", None) for constant in constants)

    def _is_neutral(self, value: Any) -> bool:
        """Whether a value is what the operation gives for two equal operands, or made of such values alone."""
        if type(value) in (list, tuple, dict, set, frozenset):
            return bool(self.equal_gives) and all(map(self._is_neutral, value))
        if type(value) is str:
            return bool(self.equal_gives) and not value
        return type(value) in ATOMS and value in self.equal_gives

    def _value(self, side: ast.expr) -> Any:
        """The plain value that an expression has, as far as the source and the frame show."""
        match side:
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                value = self._value(inner)
                return -value if type(value) in (int, float) else _UNKNOWN
            case ast.Name(id=name):
                value = context.value_of(self.frame, name, _UNKNOWN)
                return value if _is_plain(value) and not proxies.is_proxy(value) else _UNKNOWN
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                values = [self._value(part) for part in parts]
                if not any(value is _UNKNOWN for value in values):
                    return values if isinstance(side, ast.List) else tuple(values)
        return _UNKNOWN

    def gave(self, side: ast.expr, depth: int = _DEEPEST) -> bool:
        """Whether an expression is nothing but objects of the program, and what it returned."""
        if depth == 0:
            return False
        match side:
            case ast.Name(id=name):
                return proxies.is_proxy(context.value_of(self.frame, name)) or self._is_only_given(side, depth - 1)
            case ast.Call(func=ast.Attribute(attr=name)) if name in DATA_HAS:
                return False  # `answers.index(9)` would be computed here
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                return self.gave(inner, depth - 1)
            case ast.BinOp(left=left, right=right):
                return self.gave(left, depth - 1) and self.gave(right, depth - 1)
            case ast.UnaryOp(operand=inner) | ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                return self.gave(inner, depth - 1)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return all(self.gave(part, depth - 1) for part in parts)
        return False

    def _is_only_given(self, name: ast.Name, depth: int) -> bool:
        """Whether all that the function around a name binds it to is the program's."""
        within = context.function_around(name, self.parents) or self.tree
        stores = [
            self.parents[n]
            for n in ast.walk(within)
            if isinstance(n, ast.Name) and n.id == name.id and isinstance(n.ctx, ast.Store)
        ]
        return bool(stores) and all(isinstance(n, ast.Assign) and self.gave(n.value, depth) for n in stores)

    def is_builtin(self, side: ast.expr) -> bool:
        """Whether an expression is a function such as `operator.add`."""
        match side:
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                held = getattr(context.value_of(self.frame, module), name, None)
            case ast.Name(id=name):
                held = context.value_of(self.frame, name)
            case _:
                return False
        return type(held) is types.BuiltinFunctionType

    def _is_of_program(self, side: ast.expr) -> bool:
        """Whether an expression is a name of the program, or a part or result of one."""
        while isinstance(side, ast.Attribute | ast.Subscript | ast.Call | ast.BinOp | ast.UnaryOp):
            if isinstance(side, ast.BinOp):
                return self._is_of_program(side.left) or self._is_of_program(side.right)
            inner = next(ast.iter_child_nodes(side)) if not isinstance(side, ast.UnaryOp) else side.operand
            side = cast(ast.expr, inner)  # what is called, or whose part it is
        return isinstance(side, ast.Name) and proxies.is_proxy(context.value_of(self.frame, side.id))


def _is_plain(value: Any, depth: int = 4) -> bool:
    """Whether a value is data, or objects of the program in small containers."""
    if type(value) in (list, tuple, set, frozenset):
        return depth > 0 and len(value) < 100 and all(_is_plain(part, depth - 1) for part in value)
    if type(value) is dict:
        return depth > 0 and len(value) < 100 and all(_is_plain(p, depth - 1) for pair in value.items() for p in pair)
    return type(value) in ATOMS or proxies.is_proxy(value)


def _is_object(value: Any) -> bool:
    """Whether a value is an object that a test has for the program to use: a mock, one of a class that the tests
    define, or of none.
    """
    kind: Any = type(value)
    return kind is object or (not proxies.is_proxy(value) and _is_of_test(kind, len(context.SOURCES)))


@functools.cache
def _is_of_test(kind: Any, _known: int) -> bool:
    """Whether a class is one that the tests define, or that of a mock. _known: the number of sources by now."""
    if any(above.__module__ == "unittest.mock" for above in kind.__mro__):
        return True
    names = {above.__name__ for above in kind.__mro__}
    return any(isinstance(node, ast.ClassDef) and node.name in names for node in context.nodes())


def _number_in(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def looks_into(above: ast.AST, node: ast.AST) -> bool:
    """Whether an expression gives a part or the text of an object. node: its operand that is the object."""
    match above:
        case ast.Attribute(attr=name):
            return name not in DATA_HAS
        case ast.Subscript(value=value):
            return value is node
        case ast.FormattedValue():
            return True
        case ast.Call(func=ast.Name(id=name), args=[only], keywords=[]):
            return only is node and name in _TEXTS
    return False
