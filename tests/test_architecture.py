from __future__ import annotations

import ast
import importlib
import importlib.util
import pathlib
import subprocess
import sys

import pytest

import dedup

PACKAGE = pathlib.Path(dedup.__file__).parent
LAYERS = (
    ("ahead", "children", "errors", "interrupts"),
    ("settings", "stories", "display"),
    ("kernels",),
    ("places", "subjects", "things", "words"),
    ("text",),
    ("shingles",),
    ("signature", "spill"),
    ("bands", "rooms"),
    ("evidence", "startup"),
    ("phrases",),
    ("hashing",),
    ("records", "single"),
    ("verdict",),
    ("columns", "header", "tables"),
    ("clusters",),
    ("result",),
    ("batch", "counts", "decision", "arrivals"),
    ("window", "boilerplate"),
    ("stores",),
    ("readers",),
    ("incoming", "answers"),
    ("passages",),
    ("explain", "similar"),
    ("related", "replica"),
    ("index",),
    ("writers",),
    ("report", "feedback"),
    ("warmup",),
    ("job",),
    ("explain_view",),
    ("ingest", "integrations", "spark", "similar_job", "explain_job"),
    ("serve",),
    ("cli",),
    ("__main__",),
)
LAYER = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """The modules of this package that a file imports, by their dotted names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_above_its_line(path):
    here = path.relative_to(PACKAGE).with_suffix("").parts[0]
    if here == "__init__":
        return
    assert here in LAYER, f"give {path} a layer"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "dedup" and parts[1] in LAYER:
            assert parts[1] == here or LAYER[parts[1]] < LAYER[here], f"{path} must not import dedup.{parts[1]}"


def test_every_layer_is_there():
    names = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in MODULES}
    assert names - {"__init__"} == set(LAYER)


def test_importing_the_package_is_light():
    code = "import dedup, sys; print(sorted({'numba', 'numpy', 'pyarrow', 'typer', 'datasketch'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_public_names_resolve_and_are_sorted():
    assert sorted(dedup.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)) == dedup.__all__
    for name in dedup.__all__:
        assert getattr(dedup, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dedup.nothing


def test_every_kernel_has_a_slow_twin():
    native, reference = PACKAGE / "kernels" / "native", PACKAGE / "kernels" / "reference"
    twins = {path.stem for path in reference.glob("*.py")}
    joined = {
        "picks": "facts",
        "meanings": "facts",
        "bands": "signatures",
        "cells": "fields",
        "composition": "tokens",
        "candidates": "leaders",
        "functions": "tokens",
        "alphabets": "tokens",
        "gaps": "tokens",
        "vocabulary": "similar",
        "buckets": "leaders",
        "table": "leaders",
        "meetings": "leaders",
        "window": "evidence",
        "single": "tokens",
        "arrivals": "leaders",
        "pairs": "evidence",
        "sets": "evidence",
        "lexicons": "debris",
        "openings": "debris",
    }  # specified together
    for path in native.glob("*.py"):
        assert joined.get(path.stem, path.stem) in twins, f"{path} has no slow twin"


def test_native_and_reference_share_their_constants():
    from dedup.kernels.native import contents, evidence, facts, leaders, shingles, similar, vocabulary
    from dedup.kernels.reference import contents as slow_contents
    from dedup.kernels.reference import evidence as slow_evidence
    from dedup.kernels.reference import leaders as slow_leaders
    from dedup.kernels.reference import shingles as slow_shingles
    from dedup.kernels.reference import similar as slow_similar

    for native, slow in (
        (contents, slow_contents),
        (evidence, slow_evidence),
        (leaders, slow_leaders),
        (shingles, slow_shingles),
        (facts, slow_shingles),
        (similar, slow_similar),
        (vocabulary, slow_similar),
    ):
        shared = {name for name in vars(native) if name.isupper()} & set(vars(slow))
        assert shared
        for name in shared:
            assert getattr(native, name) == getattr(slow, name), name


def test_modules_import_alone():
    for path in MODULES:
        if path.stem != "__main__" and not _lacks_driver(path):
            name = ".".join(("dedup", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
            assert importlib.import_module(name)


def _lacks_driver(path):
    """Whether a file serves a program that is not installed here."""
    return path.parent.name == "integrations" and path.stem != "__init__" and not importlib.util.find_spec(path.stem)
