"""Make mutants of a cell: each differs from it in one small way, such as beginners' code does."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import combinations

# Names that are mixed up with each other.
KINDS = (
    ("submitted", "started", "first_token", "finished", "duration", "total_time", "queue_time"),
    ("input_tokens", "output_tokens"),
    ("prompt", "text", "custom_id"),
    ("upper", "lower", "title"),
    ("sum", "max", "min", "len"),
    ("loop_lag_max", "loop_lag_total", "makespan"),
    ("FAQ", "TWENTY"),
    ("gather", "wait", "as_completed"),
    ("Exception", "BaseException", "ValueError", "RuntimeError"),
    ("APIStatusError", "APIError", "BadRequestError"),
    ("any", "all"),
    ("perf_counter", "time"),
)
# Where a solution gives fewer mutants than this, odder ones are made as well.
ENOUGH = 18
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
COMPARED = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq, ast.GtE),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


@dataclass(frozen=True)
class Mutant:
    """A changed cell, and the change in words."""

    change: str
    code: str


def mutate(cell: str, lines: Collection[int]) -> list[Mutant]:
    """Return all mutants of a cell that change these lines; odder ones too, where they are few."""
    made = _mutate(cell, lines, _alternatives)
    return made if len(made) >= ENOUGH else [*made, *_mutate(cell, lines, _odd_alternatives)]


def _mutate(
    cell: str, lines: Collection[int], alternatives: Callable[[ast.AST], Iterator[ast.AST]]
) -> list[Mutant]:
    original = ast.unparse(ast.parse(cell))
    made: dict[str, Mutant] = {}
    for place, node in enumerate(ast.walk(ast.parse(cell))):
        if getattr(node, "lineno", 0) not in lines:
            continue
        for other in alternatives(node):
            code = _replace(cell, place, other)
            if code is not None and code != original and code not in made:
                was, now = (ast.unparse(each).splitlines() for each in (node, other))
                made[code] = Mutant(f"{' '.join(was)}  ->  {' '.join(now)}", code)
    return list(made.values())


def _replace(cell: str, place: int, other: ast.AST) -> str | None:
    """Return the cell with another node in this place; None if that is not Python."""
    tree = ast.parse(cell)
    old = list(ast.walk(tree))[place]

    class Change(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(other) if node is old else self.generic_visit(node)

    try:
        code = ast.unparse(ast.fix_missing_locations(Change().visit(tree)))
        compile(code, "<mutant>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, AttributeError, ValueError, TypeError):
        return None
    return code


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in place of a node."""
    yield from _of_statement(node)
    yield from _of_expression(node)
    yield from _of_call(node)
    yield from _of_sequence(node)


def _odd_alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """Yield more of them, for solutions of a line or two."""
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            for other in (
                value + 2,
                value - 2,
                value + 3,
                value - 3,
                value + 10,
                value * 3,
                value**2,
                str(value),
                [value],
            ):
                yield ast.Constant(other) if not isinstance(other, list) else ast.List([node])
        case ast.Name(ctx=ast.Load()):
            yield _slice(node, 1, None)
            yield _slice(node, None, -1)
            yield _slice(node, None, 1)
            yield ast.Constant(None)
            yield ast.List([node, node], ast.Load())
        case ast.Await(value=value):
            yield ast.Await(ast.Await(value))
            yield ast.Tuple([node, node], ast.Load())
        case ast.Attribute(value=value):
            yield value
        case ast.Return(value=ast.expr() as value):
            yield ast.Return(ast.List([value], ast.Load()))
            yield ast.Return(ast.Call(ast.Name("print"), [value], []))


def _of_statement(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.stmt):
        yield ast.Pass()
    match node:
        case ast.Return(value=ast.expr() as value):
            yield ast.Expr(value)
            yield ast.Return(ast.Constant(None))
        case ast.If(test=test):
            yield _with(node, test=ast.Constant(True))
            yield _with(node, test=ast.Constant(False))
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))
            yield from node.body
        case ast.While(test=test):
            yield _with(node, test=ast.Constant(True))
            yield ast.If(test, node.body, [])
        case ast.For(iter=things):
            yield _with(node, iter=_slice(things, 1, None))
            yield _with(node, iter=_slice(things, None, -1))
            yield _with(node, body=[*node.body, ast.Break()])
        case ast.AsyncWith(body=body) | ast.With(body=body) | ast.Try(body=body):
            yield ast.If(ast.Constant(True), body, [])


def _of_expression(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Await(value=value):
            yield value
        case ast.BinOp(left=left, op=op, right=right):
            for other in OPERATORS:
                yield ast.BinOp(left, other(), right)
            if not isinstance(op, ast.Add | ast.Mult):
                yield ast.BinOp(right, op, left)
            yield left
            yield right
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            for other in COMPARED[type(op)]:
                yield ast.Compare(left, [other()], [right])
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield from values
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Constant(value=bool() | None | str() | int() | float() as value):
            yield from map(ast.Constant, _other_values(value))
        case ast.Attribute(attr=name):
            for other in _mixed_up(name):
                yield _with(node, attr=other)
        case ast.Name(id=name, ctx=ast.Load()):
            yield from (_with(node, id=other) for other in _mixed_up(name))
            if name in {"limit", "number", "gap"}:
                yield ast.BinOp(node, ast.Add(), ast.Constant(1))
                yield ast.BinOp(node, ast.Sub(), ast.Constant(1))
        case ast.Lambda(body=body):
            yield _with(node, body=ast.UnaryOp(ast.USub(), body))


def _of_call(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Call):
        return
    for place, argument in enumerate(node.args):
        yield _with(node, args=[*node.args[:place], *node.args[place + 1 :]])
        yield argument
        if isinstance(argument, ast.Starred):
            yield _with(node, args=[*node.args[:place], argument.value, *node.args[place + 1 :]])
            yield _one_by_one(argument.value)
    for one, other in combinations(range(len(node.args)), 2):
        yield _with(node, args=_swap(node.args, one, other))
    for keyword in node.keywords:
        yield _with(node, keywords=[each for each in node.keywords if each is not keyword])
    if isinstance(node.func, ast.Attribute):
        yield node.func
        yield node.func.value
        if node.func.attr == "gather" and not any(isinstance(a, ast.Starred) for a in node.args):
            yield ast.List([ast.Await(each) for each in node.args], ast.Load())


def _of_sequence(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.GeneratorExp(generators=[each]) | ast.ListComp(generators=[each]):
            for things in (_slice(each.iter, 1, None), _slice(each.iter, None, -1)):
                yield _with(node, generators=[_with(each, iter=things)])
            backwards = ast.Subscript(each.iter, ast.Slice(None, None, ast.Constant(-1)))
            yield _with(node, generators=[_with(each, iter=backwards)])
            yield _with(node, elt=ast.Name(each.target.id))
            if each.ifs:
                yield _with(node, generators=[_with(each, ifs=[])])
                yield _with(node, generators=[_with(each, ifs=[ast.UnaryOp(ast.Not(), *each.ifs)])])
        case ast.List(elts=items) | ast.Tuple(elts=items) if not _is_target(node):
            for place, item in enumerate(items):
                yield _with(node, elts=[*items[:place], *items[place + 1 :]])
                yield _with(node, elts=[*items[:place], item, item, *items[place + 1 :]])
            for one, other in combinations(range(len(items)), 2):
                yield _with(node, elts=_swap(items, one, other))
                yield _with(
                    node, elts=[items[one] if i == other else x for i, x in enumerate(items)]
                )
        case ast.Dict(keys=keys, values=values):
            for place in range(len(keys)):
                yield ast.Dict(
                    [*keys[:place], *keys[place + 1 :]], [*values[:place], *values[place + 1 :]]
                )
            for one, other in combinations(range(len(keys)), 2):
                yield ast.Dict(keys, _swap(values, one, other))
        case ast.Slice(upper=upper) if upper is not None:
            yield ast.Slice(upper, None)


def _other_values(value: object) -> list[object]:
    match value:
        case bool():
            return [not value]
        case None:
            return [0]
        case str():
            return [value + "x", ""]
        case int() | float():
            return [value + 1, value - 1, value * 2, value / 2, -value, 0]
    return []


def _mixed_up(name: str) -> list[str]:
    return [other for kind in KINDS if name in kind for other in kind if other != name]


def _one_by_one(calls: ast.expr) -> ast.expr:
    """Return ``asyncio.sleep(0, [await call for call in calls])``: a loop in place of a gather."""
    one = ast.ListComp(
        ast.Await(ast.Name("_call", ast.Load())),
        [ast.comprehension(ast.Name("_call", ast.Store()), calls, [], 0)],
    )
    sleep = ast.Attribute(ast.Name("asyncio", ast.Load()), "sleep", ast.Load())
    return ast.Call(sleep, [ast.Constant(0), one], [])


def _slice(things: ast.expr, lower: int | None, upper: int | None) -> ast.expr:
    ends = (None if end is None else ast.Constant(end) for end in (lower, upper))
    return ast.Subscript(things, ast.Slice(*ends), ast.Load())


def _swap(items: list[ast.expr], one: int, other: int) -> list[ast.expr]:
    swapped = list(items)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    return swapped


def _is_target(node: ast.List | ast.Tuple) -> bool:
    return isinstance(node.ctx, ast.Store)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
