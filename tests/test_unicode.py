from __future__ import annotations

import unicodedata
from html.entities import html5

import numpy as np
import pytest
from numba import njit

from dedup.kernels import unicode, vectors
from dedup.kernels.native.markup import remove_markup
from dedup.kernels.unicode import BLOCK, MAPPED, load_tables, make_tables, table_version


def record(tables, point):
    return int(tables.entries[int(tables.blocks[point // BLOCK]) * BLOCK + point % BLOCK])


@pytest.mark.slow
@pytest.mark.skipif(
    unicodedata.unidata_version != table_version(load_tables()), reason="this Python knows another Unicode version"
)
def test_making_the_tables_again_gives_the_shipped_ones():
    shipped, made = load_tables(), make_tables()
    for name in shipped._fields:
        np.testing.assert_array_equal(getattr(made, name), getattr(shipped, name), err_msg=name)
        assert getattr(made, name).dtype == getattr(shipped, name).dtype


def test_the_tables_are_of_the_oldest_supported_python():
    assert table_version(load_tables()) == "14.0.0"


def test_what_nfkc_may_join_reorder_or_replace_begins_with_a_loud_byte():
    tables = load_tables()
    records = tables.entries.reshape(-1, BLOCK)[tables.blocks].reshape(-1)
    stirs = (tables.kinds[records] == MAPPED) | ((tables.classes | tables.composes)[records] != 0)
    leads = sorted({chr(point).encode()[0] for point in np.flatnonzero(stirs).tolist()})
    assert 10 < len(leads) < 64
    places = np.zeros(64, dtype=np.uint8)
    places[: len(leads)] = leads
    loud = int(njit(lambda data: vectors.loud_mask(data, 0))(places))
    assert loud == (1 << len(leads)) - 1


@pytest.mark.slow
def test_every_known_code_point_means_the_same_to_this_python():
    tables = load_tables()
    known = tables.known.reshape(-1, BLOCK)[tables.blocks].reshape(-1)
    assert known.sum() > 250_000
    for point in np.flatnonzero(known).tolist():
        char, k = chr(point), record(tables, point)
        becomes = "".join(map(chr, tables.pool[tables.sequences[k] : tables.sequences[k + 1]]))
        normal = unicodedata.normalize("NFKC", char)
        if normal != char:
            assert (int(tables.kinds[k]), becomes) == (MAPPED, normal), hex(point)
            continue
        kind = unicode.kind_of(char)
        assert tables.kinds[k] == kind, hex(point)
        assert tables.classes[k] == unicodedata.combining(char), hex(point)
        if kind >= unicode.MARKED:
            assert (becomes or char) == char.casefold(), hex(point)


def test_what_is_not_known_is_a_separator():
    tables = load_tables()
    for point in (0x0378, 0xD800, 0xDFFF, 0xFFFF, 0xE01F5, 0x10FFFF):
        assert tables.kinds[record(tables, point)] == unicode.SEPARATOR
        assert tables.known[int(tables.blocks[point // BLOCK]) * BLOCK + point % BLOCK] == 0


@pytest.mark.parametrize("base", ["e", "q", "\u0928", "\u1112", "\u304b", "\u0627"])
def test_whatever_joins_a_letter_is_known_to_compose(base):
    tables = load_tables()
    for point in range(0x3200):
        normal = unicodedata.normalize("NFKC", chr(point))
        if unicodedata.category(chr(point)) != "Cn" and len(unicodedata.normalize("NFC", base + normal)) == 1:
            assert tables.composes[record(tables, ord(normal[0]))], hex(point)


def test_the_arrays_are_shared_and_read_only():
    assert load_tables() is load_tables()
    for array in load_tables():
        assert not array.flags.writeable


def test_every_named_entity_is_decoded():
    names = [name for name in html5 if name.endswith(";")]
    assert plain([f"&{name}".encode() for name in names]) == [html5[name].encode() for name in names]


def test_entities_without_semicolon_or_name_stay():
    same = [b"AT&T", b"&copy 2026", b"&nothingofthesort;", b"&;", b"&#;", b"&#x;", b"&#12", b"&amp"]
    assert plain(same) == same


def test_entities_grow_by_a_fifth_at_most():
    grown = {name: len(text.encode()) / (len(name) + 1) for name, text in html5.items() if name.endswith(";")}
    assert max(grown.values()) == 6 / 5


def plain(fields):
    source = np.frombuffer(b"".join(fields) or b" ", dtype=np.uint8)
    ends = np.cumsum([len(field) for field in fields])
    spans = np.stack([np.zeros(len(fields), dtype=np.int64), ends - [len(field) for field in fields], ends], axis=1)
    out = np.empty(len(source) * 3 // 2 + 16, dtype=np.uint8)
    remove_markup((source, source, source), spans, np.arange(len(fields)), load_tables(), out)
    assert (spans[:, 0] == 2).all()
    return [out[start:end].tobytes() for _, start, end in spans]
