"""What stories find in crowded buckets, which hold only so many leaders, as the clusters stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.bands import count_bands
from dedup.kernels.native.crowds import LEVELS, Crowd, Places, find_in_crowds
from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.native.leaders import EXACT
from dedup.settings import Settings
from dedup.spark.buckets import PAIR_SCHEMA, PAIRS
from dedup.spark.parcels import Sender, Tables, column, mix, part_of, unique_rows

_CROWDS = "crowds"
_STEP = 1 << 12  # stories that a call of the kernel takes: so many times what one finds is allocated
_GATHERED = 1 << 21  # pairs that are told apart at once: 32 MB, however many a part finds


def scatter_crowds(
    batches: Iterable[pa.RecordBatch], settings: Settings, parts: int, undated: bool, first_new: int = 0
) -> Iterator[pa.RecordBatch]:
    """Send the members of crowded buckets to each slice of time that they look into, or that their leader is in.

    Args:
        batches: columns of `CROWD_SCHEMA`, and leader, leader_slice, kind as the clusters stand.
        settings: for the bands.
        parts: how many there are.
        first_new: stories before this row are decided, and look for nothing.
        undated: whether some stories have no date at all, and so may lead all others.
    """
    sender = Sender(parts)
    last_band = count_bands(settings) - 1
    for batch in batches:
        values = {
            name: np.asarray(array.to_numpy()) for name, array in zip(batch.schema.names, batch.columns, strict=True)
        }
        copies = values["kind"] == EXACT  # they look for nothing, and have nothing of their own but their URL
        enters = ~copies | (values["bucket"] >> 32 == last_band)
        own, home = values["slice"], values["leader_slice"]
        dated = own != UNDATED
        pieces = [(own + shift, dated) for shift in (-1, 0, 1)]
        if undated:
            pieces.append((np.full_like(own, UNDATED), np.ones_like(dated)))
        for piece, there in pieces:
            looks = there & ~copies & (values["row"] >= first_new)
            goes_in = there & enters & (home == piece)
            at = np.flatnonzero(looks | goes_in)
            buckets = mix(values["bucket"][at].view(np.uint64) ^ mix(piece[at].view(np.uint64)))
            columns = {
                "bucket": buckets,
                "row": values["row"][at],
                "leader": values["leader"][at],
                "looks": looks[at],
                "enters": goes_in[at],
                **{f"finer_{level}": values[f"finer_{level}"][at].astype(np.uint32) for level in range(1, LEVELS)},
            }
            yield from sender.send(_CROWDS, part_of(buckets, parts), pa.RecordBatch.from_pydict(columns))
    yield from sender.flush()


def search_crowds(tables: Tables, settings: Settings, parts: int) -> Iterator[pa.RecordBatch]:
    """The pairs of a story and a leader that it finds, of one part's crowded buckets: parcels to the story's part.

    A pair found in several buckets may come several times.
    """
    table = tables[_CROWDS]
    buckets, rows = column(table, "bucket"), column(table, "row")
    order = np.lexsort((rows, buckets))
    crowd = Crowd(
        buckets=buckets[order],
        rows=rows[order],
        leaders=column(table, "leader")[order],
        looks=table.column("looks").to_numpy()[order],
        enters=table.column("enters").to_numpy()[order],
        finer=np.stack([column(table, f"finer_{level}")[order] for level in range(1, LEVELS)], axis=1),
    )
    sender = Sender(parts)
    for stories, leaders in _search(crowd, settings.bucket_limit):
        found = unique_rows(stories, leaders)
        batch = pa.RecordBatch.from_arrays([pa.array(stories[found]), pa.array(leaders[found])], schema=PAIR_SCHEMA)
        yield from sender.send(PAIRS, part_of(stories[found], parts), batch)
    yield from sender.flush()


def _search(
    crowd: Crowd, limit: int, step: int = _STEP, most: int = _GATHERED
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Story and leader of what all stories of some buckets find, some at a time; a pair may come again."""
    count = len(crowd.rows)
    slots = 1 << (2 * count).bit_length()
    places = Places(
        keys=np.zeros(slots, dtype=np.uint64),
        heads=np.zeros(slots, dtype=np.int64),
        sizes=np.zeros(slots, dtype=np.int64),
        leaders=np.zeros(count + 1, dtype=np.int64),
        following=np.zeros(count + 1, dtype=np.int64),
        used=np.zeros(1, dtype=np.int64),
    )
    room = np.empty((step * LEVELS * limit, 2), dtype=np.int64)
    gathered: list[NDArray[np.int64]] = []
    for begin in range(0, count, step):
        size = find_in_crowds(crowd, begin, min(begin + step, count), limit, places, room)
        gathered.append(room[:size][room[:size, 0] > room[:size, 1]])
        if sum(map(len, gathered)) > most:
            yield _columns(gathered)
            gathered = []
    yield _columns(gathered)


def _columns(gathered: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *gathered])
    return pairs[:, 0], pairs[:, 1]
