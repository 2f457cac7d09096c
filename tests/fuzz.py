"""Coverage-guided fuzzing of the readers and the text kernel, by atheris (libFuzzer): `pip install atheris`.

    python -m tests.fuzz --target kernel --runs 1000000 [--seed 1] [--corpus FOLDER] [-o RECORD.json]
    python -m tests.fuzz --sweep --runs 1000000

An input that raises what it must not is a finding: it is kept in the corpus folder, its traceback printed, exit code 1.
An execution is one input given to the target once: a story, a whole feed, a URL. Inputs that found new branches stay
in the corpus, from which the next run of the target goes on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

NAMES = (
    *("kernel", "url", "jsonl", "json", "csv", "tsv", "xml", "feedparser", "parquet", "arrow"),
    *("gzip", "bzip2", "xz", "zstd"),
)
_LONGEST = {"kernel": 256, "url": 256}  # bytes of an input
_LONGEST_FEED = 4096
_SECONDS = 5.0  # of CPU that an input may take
_STUCK = 1200  # seconds after which an input that waits for something is given up; the machine may be paused


def fuzz(target: str, runs: int, seed: int, corpus: Path) -> dict[str, object]:
    """Run one target in a process of its own; what came of it."""
    findings = corpus / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    known = set(findings.iterdir())
    (corpus / "inputs").mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-m", "tests.fuzz", "--child", target, str(corpus / "inputs"), f"-runs={runs}"),
        *(f"-seed={seed}", f"-max_len={_LONGEST.get(target, _LONGEST_FEED)}", "-len_control=0"),
        *(f"-timeout={_STUCK}", f"-report_slow_units={_STUCK}", "-rss_limit_mb=4096"),
        *(f"-artifact_prefix={findings}/", "-print_final_stats=1", f"-dict={corpus / 'words'}"),
    ]
    shared = Path("/dev/shm")  # noqa: S108  # files in memory: a feed is written for every execution
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        done = subprocess.run(command, capture_output=True, env=os.environ | {"TMPDIR": folder}, check=False)
    told = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    (corpus / "log").write_text(told, "utf-8")
    executed = re.search(r"number_of_executed_units: (\d+)", told)
    branches = re.findall(r"cov: (\d+)", told)
    found = [path.name for path in set(findings.iterdir()) - known]
    if done.returncode and not found:
        found = [f"exit code {done.returncode}, see {corpus / 'log'}"]
    return {
        "target": target,
        "executions": int(executed[1]) if executed else 0,
        "seconds": round(time.monotonic() - begin, 1),
        "branches": int(branches[-1]) if branches else 0,
        "inputs": len(list((corpus / "inputs").iterdir())),
        "seed": seed,
        "findings": sorted(found),
        "traceback": _traceback(told) if found else "",
    }


def sweep(runs: int, seed: int, corpus: Path) -> dict[str, object]:
    """Without guidance, from what guided runs kept: many times as many stories through the kernel and its twin."""
    from tests.fuzz_targets import kernel_seeds, sweep_kernel

    kept = [path.read_bytes() for path in sorted(corpus.glob("inputs/*"))]
    begin, done, problem = time.monotonic(), 0, ""
    try:
        for done in sweep_kernel(kept or kernel_seeds(), runs, seed):  # noqa: B007  # as far as it came
            pass
    except AssertionError as exc:
        problem = str(exc)
    return {
        "target": "kernel, sweep",
        "executions": done,
        "seconds": round(time.monotonic() - begin, 1),
        "branches": 0,
        "inputs": len(kept),
        "seed": seed,
        "findings": ["a story"] if problem else [],
        "traceback": problem,
    }


def _traceback(told: str) -> str:
    start = told.find("=== Uncaught Python exception")
    return told[start:].partition("\nINFO:")[0][:4000] if start >= 0 else told[-2000:]


def _modules_but(guides: tuple[str, ...]) -> list[str]:
    """All modules but those whose branches guide the search; compiled ones must not be touched."""
    root = Path(__file__).parents[1]
    found = [".".join(path.relative_to(root).with_suffix("").parts) for path in (root / "dedup").rglob("*.py")]
    names = [name.removesuffix(".__init__") for name in found if not name.startswith(guides)]
    return ["tests.fuzz", "tests.fuzz_targets", *names]


def child(target: str, arguments: list[str]) -> None:
    """Fuzz in this process, which libFuzzer ends."""
    import atheris

    guides = ("dedup.kernels.reference.", "tests.twin") if target in ("kernel", "url") else ("dedup.readers.",)
    include = ["dedup", "tests", *(["feedparser"] if target == "feedparser" else [])]
    with atheris.instrument_imports(include=include, exclude=_modules_but(guides)):
        from tests.fuzz_targets import TARGETS
    chosen = TARGETS[target]
    inputs = Path(arguments[0])
    for k, seed in enumerate(chosen.seeds()):
        if len(seed) <= _LONGEST_FEED:
            (inputs / f"seed-{k}").write_bytes(seed)
    words = ["".join(map("\\x{:02x}".format, word)) for word in filter(None, chosen.words.split(b"|"))]
    (inputs.parent / "words").write_text("".join(f'"{word}"\n' for word in words), "utf-8")
    unpack, pack = chosen.unpack, chosen.pack

    def repacked(data: bytes, most: int, seed: int) -> bytes:
        """Half the time what is packed is mutated, else the packing."""
        draw = random.Random(seed)  # noqa: S311  # what to try, not a secret
        assert unpack is not None
        assert pack is not None
        if draw.random() < 0.5:
            try:
                plain = unpack(data)[:most]
            except Exception:  # damaged already, in whatever way
                return bytes(atheris.Mutate(data, most))
            return pack(bytes(atheris.Mutate(plain, most)))[:most]
        return bytes(atheris.Mutate(data, most))

    chosen.run(chosen.seeds()[0])  # compiled before the clock of the first input starts

    def timed(data: bytes) -> None:
        begin = time.process_time()
        chosen.run(data)
        assert time.process_time() - begin < _SECONDS, f"took {time.process_time() - begin:.1f} s"

    mutator = {"custom_mutator": repacked} if pack is not None else {}
    atheris.Setup([sys.argv[0], *arguments], timed, **mutator)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Run the targets asked for; 1 if anything was found."""
    if arguments[:1] == ["--child"]:
        child(arguments[1], arguments[2:])
        return 0
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--target", choices=NAMES, nargs="+", default=list(NAMES))
    parser.add_argument("--runs", type=int, default=100_000, help="executions of each")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer, at least 1")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "dedup-fuzz")
    parser.add_argument("--sweep", action="store_true", help="the kernel alone, unguided, 64 stories in a call")
    parser.add_argument("-o", "--output", type=Path, help="JSON record to write, one object a target")
    chosen = parser.parse_args(arguments)
    if not chosen.sweep and importlib.util.find_spec("atheris") is None:
        parser.error("no atheris: pip install atheris")
    records = []
    for target in ["kernel"] if chosen.sweep else chosen.target:
        run = sweep if chosen.sweep else partial(fuzz, target)
        record = run(chosen.runs, chosen.seed, chosen.corpus / target)
        records.append(record)
        print(
            "{target}: {executions:,} executions in {seconds} s, {branches} branches, {inputs} inputs".format(**record)
        )
        for name in record["findings"] if isinstance(record["findings"], list) else []:
            print(f"{target}: FOUND {name}\n{record['traceback']}")
        if chosen.output:
            chosen.output.write_text(json.dumps(records, indent=1) + "\n", "utf-8")
    return 1 if any(record["findings"] for record in records) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
