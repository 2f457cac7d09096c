"""A quicker start of the command line, which has its process to itself."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.metadata import version
from pathlib import Path

_SMALL = 1 << 17  # bytes of feeds that are read in less time than compiling takes: some 250 stories of 43 words
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK", b"PAR1", b"ARROW1")  # how larger ones begin
_KERNELS = Path(__file__).with_name("kernels")
_WITHOUT = "NUMBA_DISABLE_JIT"


class _Absence(MetaPathFinder):
    """Finds no package of some names, as if they were not installed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, *_: object) -> None:
        """None, so that others look for it.

        Raises:
            ModuleNotFoundError: it is one of the names.
        """
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is left out", name=fullname)


@contextmanager
def _absent(*names: str) -> Iterator[None]:
    finder = _Absence(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def import_lean() -> None:
    """Import Numba without SciPy's linear algebra and Arrow without pandas, each of which takes a quarter of a second.

    Numba then believes that there is no BLAS, which no kernel here calls, and Arrow that its data come from no pandas.
    So this is for a process that compiles nothing but this package: never call it from a library.
    """
    with _absent("scipy.linalg", "pandas"):
        import numba.np.arraymath  # noqa: F401 - what asks for SciPy
        import pyarrow as pa

        pa.array([])  # asks for pandas, and never again


def leave_uncompiled(feeds: Sequence[str]) -> bool:
    """Have kernels run as they are written, if none is compiled yet and these feeds are too small to wait for that.

    To be called before Numba is imported; the result of a run is the same. True if it was done. Who sets
    NUMBA_DISABLE_JIT, to 0 or to 1, has decided.

    Args:
        feeds: as on the command line. Only plain files that are not compressed are known to be small.
    """
    if "numba" in sys.modules or _WITHOUT in os.environ or _marker().exists() or not _are_small(feeds):
        return False
    os.environ[_WITHOUT] = "1"
    # Hashes are to overflow; compiled code does so in silence.
    warnings.filterwarnings("ignore", "overflow encountered in scalar", RuntimeWarning)
    return True


def compile_later() -> bool:
    """Have the kernels compiled in the background, by a process that outlives this one; False where that cannot be."""
    marker = _marker()
    with suppress(OSError):
        marker.parent.mkdir(parents=True, exist_ok=True)
    if not hasattr(os, "posix_spawn") or not os.access(marker.parent, os.W_OK):
        return False
    environment = {name: value for name, value in os.environ.items() if name != _WITHOUT}
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    command = warmup_command("compile_whole")
    os.posix_spawn(command[0], command, environment, file_actions=nowhere, setsid=True)
    return True


def warmup_command(name: str) -> list[str]:
    """The command that runs a function of `dedup.warmup` in a process of its own, from this very package.

    With `-m` it would be the package that lies in the current folder, such as a checkout.
    """
    folder = str(_KERNELS.parents[1])
    found = f"import sys; sys.path.insert(0, {folder!r}); import dedup; del sys.path[0]"
    return [sys.executable, "-P", "-c", f"{found}; from dedup import warmup; warmup.{name}()"]


def mark_compiled() -> None:
    """Note that all kernels of the main job are compiled, for the next start; nothing where that cannot be written."""
    marker = _marker()
    with suppress(OSError):
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()


@contextmanager
def compiling_alone() -> Iterator[bool]:
    """Whether no other process compiles in the background, and none will as long as this lasts."""
    import fcntl

    with _marker().with_name("dedup-compiling.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _are_small(feeds: Sequence[str]) -> bool:
    paths = list(map(Path, feeds))
    if not all(path.is_file() for path in paths) or sum(path.stat().st_size for path in paths) > _SMALL:
        return False
    return not any(_begin(path).startswith(_PACKED) for path in paths)


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as feed:
            return feed.read(8)
    except OSError:
        return b""  # the reader will say what is wrong with it


def _marker() -> Path:
    """The file that is there once the kernels as they are now are compiled for this machine, beside Numba's own."""
    if "NUMBA_CACHE_DIR" in os.environ:
        folder = Path(os.environ["NUMBA_CACHE_DIR"])
    elif os.access(_KERNELS / "native", os.W_OK):
        folder = _KERNELS / "native" / "__pycache__"
    else:
        folder = Path("~/.cache/dedup").expanduser()
    told = hashlib.blake2b(digest_size=8)
    for part in (sys.version, version("numba"), version("llvmlite"), version("numpy"), _processor()):
        told.update(part.encode())
    for path in sorted(_KERNELS.rglob("*.py")):
        stat = path.stat()
        told.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return folder / f"dedup-compiled-{told.hexdigest()}"


def _processor() -> str:
    """What tells processors apart that code is compiled for."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
