"""A quicker start of the command line, which has its process to itself."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import platform
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_SMALL, _FEW = 1 << 16, 300  # bytes and rows of feeds that take less time than compiling, however alike the stories
_ENDS = (b"\n", b"\r", b"},", b"</")  # no row has less than one of one kind
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK", b"PAR1", b"ARROW1")  # how larger ones begin
_VERSIONS = {"numba": "_version.py", "llvmlite": "_version.py", "numpy": "version.py"}  # where packages say theirs
_KERNELS = Path(__file__).with_name("kernels")
_WITHOUT, _BLAS_THREADS = "NUMBA_DISABLE_JIT", "OPENBLAS_NUM_THREADS"
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _LARGE = -1, -3, 1 << 25  # of malloc.h; bytes, the most that it takes
_LOOKED_INTO = "0.68."  # the releases of Numba that `dedup.kernels.loading` is right for


class _Absence:
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


def import_lean(feeds: Sequence[str] = ()) -> None:
    """Import Numba without what only compiling takes, and Arrow without pandas and help: half a second less.

    If a kernel has to be compiled after all, Numba is completed, but believes that there is no BLAS, which no kernel
    here calls; and Arrow that its data come from no pandas. So this is for a process that compiles nothing but this
    package: never call it from a library.

    Args:
        feeds: as on the command line: room is made meanwhile for what will be kept of their stories. None where memory
            is short.
    """
    if feeds:
        _hold_memory()
    with _absent("pandas"), _without_blas_threads():
        from dedup.rooms import make_room  # which imports NumPy

        make_room(feeds)
        import pyarrow as pa

        pa.array([])  # asks for pandas, and never again
        _import_functions()
    gc.freeze()  # what is imported stays, and need not be gone through
    import numba

    if numba.__version__.startswith(_LOOKED_INTO):
        from dedup.kernels.loading import load_alone

        load_alone(_complete_numba)
    else:
        _complete_numba()
    gc.freeze()


def _hold_memory() -> None:
    """Have the C library give memory back to the system in large pieces only: what a batch took the next one takes.

    Left alone, GNU's returns most of it after each batch, and the system has to clear it again.
    """
    with suppress(AttributeError, OSError):  # another library, which does as it sees fit
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_MMAP_THRESHOLD, _LARGE)
        allocator.mallopt(_TRIM_THRESHOLD, 4 * _LARGE)


def _import_functions() -> None:
    """Import Arrow's compute functions without the help on their options, which takes half of the time to make."""
    name = "pyarrow.vendored.docscrape"
    if name in sys.modules:
        return
    helpless = ModuleType(name)
    vars(helpless)["NumpyDocString"] = lambda _: {"Parameters": ()}
    sys.modules[name] = helpless
    try:
        with suppress(AttributeError, TypeError):  # of a release that asks for more: who needs them imports them
            import pyarrow.compute  # noqa: F401
    finally:
        del sys.modules[name]


@contextmanager
def _without_blas_threads() -> Iterator[None]:
    """Give the linear algebra of NumPy, which nothing here calls, no threads: they look out for work for a while.

    Who says how many, decides.
    """
    if _BLAS_THREADS in os.environ:
        yield
        return
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_BLAS_THREADS]  # it is not for the processes that this one starts


def _complete_numba() -> None:
    with _absent("scipy.linalg"):
        import numba.np.arraymath  # noqa: F401 - what asks for SciPy


def leave_uncompiled(feeds: Sequence[str]) -> bool:
    """Have kernels run as they are written, if none is compiled yet and these feeds are too small to wait for that.

    To be called before Numba is imported; the result of a run is the same. True if it was done. Who sets
    NUMBA_DISABLE_JIT, to 0 or to 1, has decided.

    Args:
        feeds: as on the command line. Only plain files that are not compressed are known to be small.
    """
    if "numba" in sys.modules or _WITHOUT in os.environ:
        return False
    marker = _marker()
    if marker is None or marker.exists() or not _are_small(feeds):
        return False
    os.environ[_WITHOUT] = "1"
    # Hashes are to overflow; compiled code does so in silence.
    warnings.filterwarnings("ignore", "overflow encountered in scalar", RuntimeWarning)
    return True


def compile_later() -> bool:
    """Have the kernels compiled in the background, by a process that outlives this one; False where that cannot be."""
    marker = _marker()
    if marker is None or not hasattr(os, "posix_spawn"):
        return False
    environment = {name: value for name, value in os.environ.items() if name != _WITHOUT}
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    closed = [(os.POSIX_SPAWN_CLOSE, number) for number in _inherited()]  # a lock, a pipe: others wait for their end
    command = warmup_command("compile_whole")
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(marker.parent, os.W_OK):
            return False
        os.posix_spawn(command[0], command, environment, file_actions=[*nowhere, *closed], setsid=True)
    except (OSError, NotImplementedError, TypeError, ValueError):
        return False  # no interpreter, or no process to be had: the run itself is done
    return True


def _inherited() -> list[int]:
    """The descriptors, beside those of the standard streams, that a child of this process would have too."""
    found = []
    with suppress(OSError):
        for number in [int(path.name) for path in Path("/dev/fd").iterdir()]:
            with suppress(OSError):  # the one that lists them is closed by now
                if number > 2 and os.get_inheritable(number):
                    found.append(number)
    return found


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
    if marker is not None:
        with suppress(OSError):
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()


@contextmanager
def compiling_alone() -> Iterator[bool]:
    """Whether no other process of this user compiles in the background, and none will as long as this lasts."""
    import fcntl

    marker = _marker()
    with ExitStack() as held:
        try:
            if marker is not None:
                lock = held.enter_context(marker.with_name(f"dedup-compiling-{os.getuid()}.lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # nothing can be locked there: compiling twice does no harm
            pass
        yield True


def _are_small(feeds: Sequence[str]) -> bool:
    try:
        paths = list(map(Path, feeds))
        if not all(path.is_file() for path in paths) or sum(path.stat().st_size for path in paths) > _SMALL:
            return False
        texts = [path.read_bytes() for path in paths]
    except (OSError, ValueError):
        return False  # the reader will say what is wrong
    rows = max((sum(text.count(end) for text in texts) for end in _ENDS), default=0)
    return rows <= _FEW and not any(text.startswith(_PACKED) for text in texts)


def _marker() -> Path | None:
    """The file that is there once the kernels as they are now are compiled for this machine; None for no place."""
    told = hashlib.blake2b(digest_size=8)
    try:
        folder = _cache_folder()
        for part in (sys.version, _processor()):
            told.update(part.encode())
        for name, file in _VERSIONS.items():  # read, for to ask for a version takes longer than all the rest
            told.update(_package(name).joinpath(file).read_bytes())
        for path in sorted(_KERNELS.rglob("*.py")):
            stat = path.stat()
            told.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    except (OSError, RuntimeError):  # no home, or a package in an archive
        return None
    return folder / f"dedup-compiled-{told.hexdigest()}"


def _package(name: str) -> Path:
    """The folder of a package, which is not imported.

    Raises:
        FileNotFoundError: there is none.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(name)
    return Path(spec.origin).parent


def _cache_folder() -> Path:
    """Where Numba keeps what it compiled, or near it."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    beside = _KERNELS / "native" / "__pycache__"
    if os.access(beside if beside.exists() else beside.parent, os.W_OK):
        return beside
    return Path("~/.cache/dedup").expanduser()


def _processor() -> str:
    """What tells processors apart that code is compiled for."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
