"""Packed files are unpacked whole, whichever tool packed them."""

from __future__ import annotations

import struct

import pyarrow as pa
import pytest

from dedup.readers.bytestreams import ByteStream

ROWS = b"".join(b'{"title": "%d"}\n' % k for k in range(20_000))


def skipped(size, number=0):
    """A frame of zstd that says nothing of the data; `pzstd` writes one before each frame that does."""
    return struct.pack("<II", 0x184D2A50 + number, size) + b"\xff" * size


def packed(data):
    return bytes(pa.Codec("zstd").compress(data))


@pytest.mark.parametrize(
    "data",
    [
        skipped(4) + packed(ROWS[:1000]) + skipped(4) + packed(ROWS[1000:]),
        skipped(0) + skipped(100_000, 15) + packed(ROWS) + skipped(9, 7),
    ],
)
def test_frames_of_zstd_that_are_to_be_skipped_are(tmp_path, data):
    (tmp_path / "feed").write_bytes(data)
    with ByteStream("feed", tmp_path / "feed") as stream:
        assert stream.read(2 * len(ROWS)) == ROWS
        assert (stream.compression, stream.damage) == ("zstd", None)
