"""Do the tests notice? Changes one thing at a time in a few modules and runs their quick tests.

A small script of our own, since mutmut copies the project and imports its libraries anew for each
mutant: here they are loaded once and each mutant is a forked process, in memory alone, so that no
file is touched. Run as `python -m scripts.mutants [--each N] [MODULE ...]`, on Linux or macOS.
"""

from __future__ import annotations

import argparse
import ast
import copy
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
SEED, SECONDS = 0, 120
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


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, what was changed, and the changed module, for every change there is."""
    unread = _in_annotations(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in unread:
            continue
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(changed)) if i == index)
            words = change(target)
            yield getattr(node, "lineno", 0), words, ast.fix_missing_locations(changed)


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


def file_of(module: str) -> Path:
    """Where a module's source lies."""
    return ROOT / (module.replace(".", "/") + ".py")


def survives(module: str, tree: ast.Module, tests: Sequence[str]) -> bool:
    """Whether all tests pass with a changed module; one that takes too long is noticed."""
    child = os.fork()
    if not child:
        with Path(os.devnull).open("w") as quiet:
            os.dup2(quiet.fileno(), 1)
            os.dup2(quiet.fileno(), 2)
        # Of processor time: on a busy machine what takes long by the clock was not noticed by that.
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        signal.alarm(20 * SECONDS)
        sys.meta_path.insert(0, Mutated(module, tree))
        import pytest

        files = [str(ROOT / "tests" / name) for name in tests]
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not slow"]
        os._exit(int(pytest.main([*options, *files]) != 0))
    _, status = os.waitpid(child, 0)
    return status == 0


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
        began, tree = time.monotonic(), ast.parse(file_of(module).read_text(encoding="utf-8"))
        if not survives(module, tree, MODULES[module]):
            sys.exit(f"{module}: expected its tests to pass unchanged, found that they do not")
        every = list(mutants(tree))
        drawn = random.Random(asked.seed).sample(every, min(asked.each, len(every)))
        missed = [one for one in drawn if survives(module, one[2], MODULES[module])]
        total, left = total + len(drawn), left + len(missed)
        print(
            f"{module}: {len(missed)} of {len(drawn)} survive "
            f"(of {len(every)} there are; {time.monotonic() - began:.0f} s)",
            flush=True,
        )
        for line, words, _ in sorted(missed, key=lambda one: one[0]):
            print(f"  line {line}: {words}", flush=True)
    print(f"all: {left} of {total} survive, {100 * left / total:.0f} %")


if __name__ == "__main__":
    main()
