from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from benchmarks import readme
from dedup.cli import app

ROOT = pathlib.Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def blocks(kind):
    """The README's code blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


def part(name):
    """A generated part of the README, as it stands."""
    match = re.search(rf"<!-- {re.escape(name)} -->\n(.*?)<!-- end -->", TEXT, flags=re.DOTALL)
    assert match, name
    return match[1]


def without_times(text):
    return re.sub(r"\d+\.\d+ s, [\d,]+ stories/s \(\d+\.\d+ s", "", text)


def test_the_tables_in_the_readme_are_the_published_records():
    for name, made in readme.generated_parts().items():
        assert without_times(part(name)) == without_times(made)


def test_the_library_example_runs():
    example, _ = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.match(r"62 stories, \d\d kept\n", done.stdout)
    assert "np-882 is hl-4101" in done.stdout


def test_the_example_of_the_index_runs():
    _, example = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"new\nduplicate of hl-1 because it .*\n", done.stdout), done.stdout


def end_background(folder):
    """End what runs by the Python of an environment."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cmdline").read_text("utf-8", "replace").startswith(str(folder)):
                os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.slow
def test_the_first_command_installs_and_runs_in_a_fresh_environment(tmp_path):
    command = next(block for block in blocks("sh") if "dedup run" in block)
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in files.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    end_background(tmp_path / ".venv")
    assert done.returncode == 0, done.stderr
    assert "compiled in the background now" in done.stderr
    rows = [json.loads(line) for line in (tmp_path / "clusters.jsonl").read_text("utf-8").splitlines()]
    cluster = {row["id"]: row["cluster_id"] for row in rows}
    assert cluster["np-882"] == cluster["hl-4101"]
    assert cluster["co-310"] == "co-310"


def test_the_contributors_command_is_what_ci_does():
    command = next(block for block in blocks("sh") if "pytest" in block)
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    install = re.search(r'-e "[^"]+"', command)
    assert install
    assert install[0] in script
    assert "-m pytest" in script


def test_every_option_of_the_command_is_in_the_readme():
    import typer.main

    command = typer.main.get_command(app)
    for command_name, each in command.commands.items():  # type: ignore[attr-defined]
        assert f"dedup {command_name}" in TEXT
        for parameter in each.params:
            for name in parameter.opts:
                if name.startswith("--") and name not in ("--output", "--help"):
                    assert name in TEXT, name


def test_the_readme_is_short():
    assert len(TEXT.splitlines()) < 250
