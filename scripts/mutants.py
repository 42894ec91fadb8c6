"""Do the tests notice? Changes one thing at a time in a few modules and runs their quick tests.

A small script of our own, since mutmut copies the project and imports its libraries anew for each
mutant: here the tests are collected once, and each mutant is a forked process in which functions of
the module have the changed code, so that no file is touched. What runs on import (constants,
defaults) is changed before a collection of its own, and so is, once more, what survives. Run as
`python -m scripts.mutants [--each N] [--seed N] [MODULE ...]`, on Linux or macOS.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from _pytest.main import pytest_runtestloop as pytest_loop

ROOT = Path(__file__).resolve().parents[1]
SEED = 0
USUAL, ENOUGH = 3, 5
"""So many times the processor time of the unchanged tests, and seconds beyond, are too long."""
LOADED_ONCE = ("hypothesis", "pandas", "pytest", "scipy.sparse", "streamlit", "torch", "xarray")
MODULES: dict[str, tuple[str, ...]] = {
    "dynst_core.fields.metrics": ("fields/test_metrics.py",),
    "dynst_core.fields.mask": ("fields/test_mask.py", "fields/test_levels.py"),
    "dynst_core.fields.windows": ("fields/test_windows.py",),
    "dynst_core.constraints.solver": (
        "constraints/test_solver.py",
        "constraints/test_constraints.py",
        "constraints/test_solver_exact.py",
    ),
    "dynst_core.selection.exchanges": ("selection/test_exchanges.py",),
    "dynst_core.training.path_training": (
        "training/test_path_training.py",
        "training/test_path_steps.py",
        "training/test_checkpoint.py",
    ),
    "app.state.link": ("app/state/test_links.py",),
    "app.state.link_parts": ("app/state/test_links.py",),
}
"""Modules, and the files of tests that hold their specification."""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
"""The usual operators of mutation testing, as mutmut and cosmic-ray have them."""


@dataclass(frozen=True, eq=False)
class Mutant:
    """One change.

    Attributes:
        line: where it is.
        words: what was changed.
        tree: the changed module.
        within: whether it lies within a function, so that it changes nothing on import.
    """

    line: int
    words: str
    tree: ast.Module
    within: bool


Functions = dict[tuple[str, int], list[FunctionType]]


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Every change there is."""
    unread = _in_annotations(tree)
    within = _in_functions(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in unread:
            continue
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(changed)) if i == index)
            words = change(target)
            ast.fix_missing_locations(changed)
            yield Mutant(getattr(node, "lineno", 0), words, changed, id(node) in within)


def _changes(node: ast.AST) -> Iterator:
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPS:
        yield _swap
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield _compare
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert | ast.USub):
        yield _bare
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        yield _constant
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _never


def _in_annotations(tree: ast.Module) -> set[int]:
    """What is part of a type and never run."""
    types = [
        getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")
    ]
    return {id(part) for kind in types if kind is not None for part in ast.walk(kind)}


def _in_functions(tree: ast.Module) -> set[int]:
    """What runs when a function is called, not when it is defined."""
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    return {id(part) for one in functions for line in one.body for part in ast.walk(line)}


def _swap(node: ast.AST) -> str:
    before = type(node.op)
    node.op = SWAPS[before]()
    return f"{before.__name__} to {type(node.op).__name__}"


def _compare(node: ast.AST) -> str:
    before = type(node.ops[0])
    node.ops[0] = SWAPS[before]()
    return f"{before.__name__} to {type(node.ops[0]).__name__}"


def _bare(node: ast.AST) -> str:
    """Put the operand in place of its negation: a second negation undoes the first."""
    node.operand = ast.UnaryOp(type(node.op)(), node.operand)
    return f"without {type(node.op).__name__}"


def _constant(node: ast.AST) -> str:
    before = node.value
    node.value = not before if isinstance(before, bool) else before + 1
    return f"{before} to {node.value}"


def _never(node: ast.AST) -> str:
    node.test = ast.Constant(value=False)
    return "condition never true"


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """Where the changed module comes from; None for every other."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, file_of(name), loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed module."""
        exec(compile(self.tree, str(file_of(self.name)), "exec"), module.__dict__)


class Collected:
    """Tries mutants on tests that pytest has collected, each in a process of its own."""

    def __init__(self, module: str, mutants: Sequence[Mutant], seconds: int) -> None:
        self.module, self.mutants, self.seconds = module, mutants, seconds
        self.survived: list[Mutant] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests once for each mutant in place of once."""
        functions = functions_of(self.module)
        for mutant in self.mutants:
            if _passes(partial(self._fails, session, functions, mutant), self.seconds):
                self.survived.append(mutant)
        return True

    def _fails(self, session: pytest.Session, functions: Functions, mutant: Mutant) -> bool:
        codes = _codes(compile(mutant.tree, str(file_of(self.module)), "exec"))
        for key, code in codes.items():
            for function in functions.get(key, ()):
                function.__code__ = code
        try:
            pytest_loop(session)
        except (session.Failed, session.Interrupted):
            return True
        return bool(session.testsfailed)


def functions_of(module: str) -> Functions:
    """The functions of a module by what tells them apart, wherever they were put."""
    found: Functions = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename == str(file_of(module)):
            found.setdefault(_key(one.__code__), []).append(one)
    return found


def _codes(module: CodeType) -> dict[tuple[str, int], CodeType]:
    """All code within a module's own."""
    codes = {}
    for part in module.co_consts:
        if isinstance(part, CodeType):
            codes[_key(part)] = part
            codes |= _codes(part)
    return codes


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def file_of(module: str) -> Path:
    """Where a module's source lies."""
    return ROOT / (module.replace(".", "/") + ".py")


def survivors(module: str, drawn: Sequence[Mutant], seconds: int) -> list[Mutant]:
    """The mutants with which all tests of a module pass."""
    quick = Collected(module, [one for one in drawn if one.within], seconds)
    # Collected in a process of its own: the modules that it loads are not those of the next one.
    read, write = os.pipe()
    if not os.fork():
        _tests(module, quick)
        places = [index for index, one in enumerate(quick.mutants) if one in quick.survived]
        os.write(write, (" ".join(map(str, places)) + "\n").encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        passed = [quick.mutants[int(place)] for place in answer.read().split()]
    os.wait()
    doubtful = [one for one in drawn if not one.within or one in passed]
    return [one for one in doubtful if survives(module, one.tree, seconds)]


def survives(module: str, tree: ast.Module, seconds: int) -> bool:
    """Whether all tests pass where a changed module is imported."""

    def fails() -> bool:
        sys.meta_path.insert(0, Mutated(module, tree))
        return _tests(module) != 0

    return _passes(fails, seconds)


def _tests(module: str, *plugins: object) -> int:
    files = [str(ROOT / "tests" / name) for name in MODULES[module]]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not slow"]
    with Path(os.devnull).open("w") as quiet:
        os.dup2(quiet.fileno(), 1)
        os.dup2(quiet.fileno(), 2)
    return int(pytest.main([*options, *files], plugins=list(plugins)))


def _passes(fails: Callable[[], bool], seconds: int) -> bool:
    """Whether what runs in a process of its own does not fail; one that takes too long does."""
    child = os.fork()
    if not child:
        # Of processor time: on a busy machine what takes long by the clock was not noticed by that.
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        signal.alarm(20 * seconds)
        try:
            os._exit(int(fails()))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _children_seconds() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the share of mutants that no test noticed, by file, and where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(MODULES))
    parser.add_argument("--each", type=int, default=30, help="mutants drawn from each module")
    parser.add_argument("--seed", type=int, default=SEED, help="which mutants are drawn")
    asked = parser.parse_args()
    for name in LOADED_ONCE:
        importlib.import_module(name)

    total = left = 0
    for module in asked.modules:
        before = _children_seconds()
        began, tree = time.monotonic(), ast.parse(file_of(module).read_text(encoding="utf-8"))
        if not survives(module, tree, 600):
            sys.exit(f"{module}: expected its tests to pass unchanged, found that they do not")
        limit = ENOUGH + int(USUAL * (_children_seconds() - before))
        every = list(mutants(tree))
        drawn = random.Random(asked.seed).sample(every, min(asked.each, len(every)))
        missed = survivors(module, drawn, limit)
        total, left = total + len(drawn), left + len(missed)
        print(
            f"{module}: {len(missed)} of {len(drawn)} survive "
            f"(of {len(every)} there are; {time.monotonic() - began:.0f} s)",
            flush=True,
        )
        for one in sorted(missed, key=lambda one: one.line):
            print(f"  line {one.line}: {one.words}", flush=True)
    print(f"all: {left} of {total} survive, {100 * left / total:.0f} %")


if __name__ == "__main__":
    main()
