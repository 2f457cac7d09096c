# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Many bytes at a time: device functions with which other kernels scan and copy text.

LLVM makes the processor's own vector instructions of them, whatever width those have. A *mask* is a uint64 with a bit
for each of 64 bytes, the lowest for the first. The arrays are C-contiguous uint8; nothing checks their bounds.

Where nothing is compiled their twins stand in: `dedup.kernels.reference.vectors`.
"""

from __future__ import annotations

import functools

from llvmlite import ir
from numba import types
from numba.core import cgutils

from dedup.kernels.device import device
from dedup.kernels.reference import vectors as plain

WIDTH = 64
"""Bytes that a mask speaks of."""
LANES = 16
"""Values of `equal16`, and of the functions that sort."""

_BYTE, _BIT, _WORD = ir.IntType(8), ir.IntType(1), ir.IntType(64)
_SIXTEEN = ir.VectorType(ir.IntType(32), LANES)
_BACKWARDS = list(range(LANES))[::-1]


def _address(context, builder, kind, array, index):
    """A pointer to array[index]."""
    view = context.make_array(kind)(context, builder, array)
    return builder.gep(builder.bitcast(view.data, _BYTE.as_pointer()), [index])


def _load(context, builder, kind, array, index, count):
    """The vector of `count` bytes at array[index]."""
    place = _address(context, builder, kind, array, index)
    return builder.load(builder.bitcast(place, ir.VectorType(_BYTE, count).as_pointer()), align=1)


def _splat(value, count):
    return ir.Constant(ir.VectorType(_BYTE, count), [value] * count)


def _within(builder, vector, count, low, high):
    """Of each byte whether it lies in low..high."""
    return builder.icmp_unsigned("<=", builder.sub(vector, _splat(low, count)), _splat(high - low, count))


def _mask_of(*bounds):
    """An intrinsic: which of the 64 bytes at data[at] lie in one of some ranges; their bounds follow one another."""

    @device(plain.mask_of(*bounds))
    def mask(_typing_context, data, _at):
        def generate(context, builder, signature, args):
            vector = _load(context, builder, signature.args[0], args[0], args[1], WIDTH)
            ranges = zip(bounds[::2], bounds[1::2], strict=True)
            found = [_within(builder, vector, WIDTH, low, high) for low, high in ranges]
            return builder.bitcast(functools.reduce(builder.or_, found), _WORD)

        return types.uint64(data, types.intp), generate

    return mask


lower_mask = _mask_of(ord("a"), ord("z"))
upper_mask = _mask_of(ord("A"), ord("Z"))
digit_mask = _mask_of(ord("0"), ord("9"))
control_mask = _mask_of(0, 31)
quote_mask = _mask_of(ord('"'), ord('"'))
backslash_mask = _mask_of(ord("\\"), ord("\\"))
comma_mask = _mask_of(ord(","), ord(","))
space_mask = _mask_of(ord(" "), ord(" "))
feed_mask = _mask_of(10, 10)
return_mask = _mask_of(13, 13)
high_mask = _mask_of(128, 255)
continued_mask = _mask_of(0x80, 0xBF)
"""Bytes of UTF-8 that begin no code point."""
ampersand_mask = _mask_of(ord("&"), ord("&"))
less_mask = _mask_of(ord("<"), ord("<"))
loud_mask = _mask_of(0xC2, 0xC2, 0xC4, 0xCF, 0xD2, 0xE3, 0xEA, 0xEA, 0xEE, 0xFF)
"""Bytes that begin the UTF-8 of what NFKC may join, reorder or replace; all others begin only what it leaves alone."""
dot_mask = _mask_of(ord("."), ord("."))
quiet_mask = _mask_of(ord('"'), ord("'"), ord("*"), ord(","))
"""Most of the signs that say nothing of the word behind them."""
false_mask = _mask_of(0, 0)  # of bool
number_mask, dated_mask = _mask_of(1, 1), _mask_of(1, 2)  # of the kinds of tokens: COUNT, and COUNT or CALENDAR


@device(plain.copy_lower16)
def copy_lower16(_typing_context, source, _at, target, _to):
    """Copy 16 bytes from source[at] to target[to], with bit 5 set: ASCII letters become lower case."""

    def generate(context, builder, signature, args):
        vector = _load(context, builder, signature.args[0], args[0], args[1], 16)
        place = _address(context, builder, signature.args[2], args[2], args[3])
        lower = builder.or_(vector, _splat(ord("a") - ord("A"), 16))
        builder.store(lower, builder.bitcast(place, ir.VectorType(_BYTE, 16).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), generate


@device(plain.copy32)
def copy32(_typing_context, source, _at, target, _to):
    """Copy 32 bytes from source[at] to target[to]; all are read before any is written."""

    def generate(context, builder, signature, args):
        vector = _load(context, builder, signature.args[0], args[0], args[1], 32)
        place = _address(context, builder, signature.args[2], args[2], args[3])
        builder.store(vector, builder.bitcast(place, ir.VectorType(_BYTE, 32).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), generate


@device(plain.copy_less8)
def copy_less8(_typing_context, values, _at, _to, _less):
    """Copy eight int64 from values[at] to values[to], each less a number; all are read before any is written."""

    def generate(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        eight = ir.VectorType(_WORD, 8)
        source, target = (builder.gep(view.data, [args[k]]) for k in (1, 2))
        loaded = builder.load(builder.bitcast(source, eight.as_pointer()), align=8)
        single = builder.insert_element(ir.Constant(eight, ir.Undefined), args[3], ir.IntType(32)(0))
        every = builder.shuffle_vector(
            single, ir.Constant(eight, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8)
        )
        builder.store(builder.sub(loaded, every), builder.bitcast(target, eight.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(values, types.intp, types.intp, types.int64), generate


@device(plain.among8)
def among8(_typing_context, rows, _row, value):
    """Whether a uint32 is one of the eight of rows[row]; rows is uint32[*, 8], C-contiguous."""

    def generate(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        eight = ir.VectorType(ir.IntType(32), 8)
        place = builder.gep(builder.bitcast(view.data, eight.as_pointer()), [args[1]])
        single = builder.insert_element(ir.Constant(eight, ir.Undefined), args[2], ir.IntType(32)(0))
        every = builder.shuffle_vector(single, ir.Constant(eight, ir.Undefined), ir.Constant(eight, [0] * 8))
        same = builder.icmp_unsigned("==", builder.load(place, align=4), every)
        return builder.icmp_unsigned("!=", builder.bitcast(same, _BYTE), _BYTE(0))

    return types.boolean(rows, types.intp, value), generate


@device(plain.equal16)
def equal16(_typing_context, values, _at, value):
    """Which of the sixteen uint32 values[at:at + 16] are another: a bit each, the lowest for the first."""

    def generate(context, builder, signature, args):
        single = builder.insert_element(ir.Constant(_SIXTEEN, ir.Undefined), args[2], ir.IntType(32)(0))
        every = _shuffled(builder, single, [0] * LANES)
        loaded = builder.load(_place16(context, builder, signature.args[0], args[0], args[1]), align=4)
        same = builder.bitcast(builder.icmp_unsigned("==", loaded, every), ir.IntType(LANES))
        return builder.zext(same, _WORD)

    return types.uint64(values, types.intp, value), generate


def _place16(context, builder, kind, values, at):
    """A pointer to the sixteen uint32 at values[at]."""
    return builder.bitcast(_address(context, builder, kind, values, builder.mul(at, _WORD(4))), _SIXTEEN.as_pointer())


def _shuffled(builder, vector, order):
    return builder.shuffle_vector(vector, ir.Constant(_SIXTEEN, ir.Undefined), ir.Constant(_SIXTEEN, order))


def _parted(builder, one, other):
    """Of each two uint32 the smaller, and the larger."""
    less = builder.icmp_unsigned("<", one, other)
    return builder.select(less, one, other), builder.select(less, other, one)


def _ordered(builder, vector, steps):
    """A vector after steps of Batcher's bitonic sort: in each two values change places if they are not in order.

    The places of the two differ by the bits of a number.
    """
    for bits in steps:
        smaller, larger = _parted(builder, vector, _shuffled(builder, vector, [k ^ bits for k in range(LANES)]))
        order = [k if k < k ^ bits else k + LANES for k in range(LANES)]
        vector = builder.shuffle_vector(smaller, larger, ir.Constant(_SIXTEEN, order))
    return vector


def _settle(builder, vectors):
    """Sort, in place, vectors that rise one after the other and then fall, or the reverse."""
    apart = len(vectors) // 2
    while apart:
        for k in range(len(vectors)):
            if k & apart == 0:
                vectors[k], vectors[k + apart] = _parted(builder, vectors[k], vectors[k + apart])
        apart //= 2
    vectors[:] = [_ordered(builder, vector, (8, 4, 2, 1)) for vector in vectors]


def _sort(builder, vectors):
    """Sort, in place, vectors in any order."""
    half = len(vectors) // 2
    if half == 0:
        vectors[0] = _ordered(builder, vectors[0], (1, 3, 1, 7, 2, 1, 15, 4, 2, 1))
        return
    low, high = vectors[:half], vectors[half:]
    _sort(builder, low)
    _sort(builder, high)
    vectors[:] = low + [_shuffled(builder, vector, _BACKWARDS) for vector in reversed(high)]
    _settle(builder, vectors)


def _network(stand_in, count, sort):
    """An intrinsic: sorts the uint32 values[at:at + count] in registers, without a branch."""

    @device(stand_in)
    def network(_typing_context, values, _at):
        def generate(context, builder, signature, args):
            first = _place16(context, builder, signature.args[0], *args)
            places = [builder.gep(first, [_WORD(k)]) for k in range(count // LANES)]
            vectors = [builder.load(place, align=4) for place in places]
            sort(builder, vectors)
            for vector, place in zip(vectors, places, strict=True):
                builder.store(vector, place, align=4)
            return context.get_dummy_value()

        return types.void(values, types.intp), generate

    return network


sort16 = _network(plain.sort16, 16, _sort)
sort32 = _network(plain.sort32, 32, _sort)
sort64 = _network(plain.sort64, 64, _sort)
settle64 = _network(plain.settle64, 64, _settle)
"""The same of values that rise and then fall, or the reverse."""


def _exchange16(stand_in, text, order):
    """An intrinsic: of values[low:low + 16] and as many others, in some order, the smaller here, the larger there."""

    @device(stand_in)
    def exchange(_typing_context, values, _low, _high):
        def generate(context, builder, signature, args):
            low, high = (_place16(context, builder, signature.args[0], args[0], args[k]) for k in (1, 2))
            other = _shuffled(builder, builder.load(high, align=4), order)
            smaller, larger = _parted(builder, builder.load(low, align=4), other)
            builder.store(smaller, low, align=4)
            builder.store(_shuffled(builder, larger, order), high, align=4)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp), generate

    exchange.__doc__ = text
    return exchange


part16 = _exchange16(
    plain.part16,
    "Of each uint32 of values[low:low + 16] and that in the same place of values[high:high + 16] the smaller here.",
    list(range(LANES)),
)
mirror16 = _exchange16(plain.mirror16, "The same of the first here and the last there, and so on.", _BACKWARDS)


@device(plain.lowest)
def lowest(_typing_context, _mask):
    """How many bits lie below the lowest one that is set; 64 for none."""

    def generate(_context, builder, _signature, args):
        return builder.cttz(args[0], ir.Constant(_BIT, 0))

    return types.int64(types.uint64), generate


@device(plain.count_bits)
def count_bits(_typing_context, _mask):
    """How many bits are set."""

    def generate(_context, builder, _signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


@device(plain.fold_product)
def fold_product(_typing_context, _one, _other):
    """The two halves of the 128 bits of a product of uint64, one XOR the other."""

    def generate(_context, builder, _signature, args):
        long = ir.IntType(128)
        product = builder.mul(*(builder.zext(number, long) for number in args))
        return builder.trunc(builder.xor(product, builder.lshr(product, long(64))), _WORD)

    return types.uint64(types.uint64, types.uint64), generate


@device(plain.load_word)
def load_word(_typing_context, data, _at):
    """The little-endian uint64 at data[at:at + 8]."""

    def generate(context, builder, signature, args):
        place = _address(context, builder, signature.args[0], *args)
        return builder.load(builder.bitcast(place, _WORD.as_pointer()), align=1)

    return types.uint64(data, types.intp), generate


@device(plain.load_half)
def load_half(_typing_context, data, _at):
    """The little-endian uint32 at data[at:at + 4]."""

    def generate(context, builder, signature, args):
        place = _address(context, builder, signature.args[0], *args)
        return builder.load(builder.bitcast(place, ir.IntType(32).as_pointer()), align=1)

    return types.uint32(data, types.intp), generate


@device(plain.store_half)
def store_half(_typing_context, data, _at, _value):
    """Write a uint32 to data[at:at + 4], little-endian."""

    def generate(context, builder, signature, args):
        place = _address(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], builder.bitcast(place, ir.IntType(32).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(data, types.intp, types.uint32), generate


@device(plain.take_stripes)
def take_stripes(_typing_context, data, _at, _count, lanes, _prime_1, _prime_2):
    """Take 32 bytes `count` times, from data[at] on, into two sets of XXH64's four lanes: lanes is uint64[8]."""

    def generate(context, builder, signature, args):
        kinds, eight = signature.args, ir.VectorType(_WORD, 8)
        prime_1, prime_2 = (_every(builder, prime, eight) for prime in args[4:])
        store = builder.bitcast(_address(context, builder, kinds[3], args[3], _WORD(0)), eight.as_pointer())
        state = cgutils.alloca_once_value(builder, builder.load(store, align=8))
        twice = ir.Constant(ir.VectorType(ir.IntType(32), 8), [0, 1, 2, 3] * 2)
        with cgutils.for_range(builder, args[2]) as stripe:
            place = _address(
                context, builder, kinds[0], args[0], builder.add(args[1], builder.shl(stripe.index, _WORD(5)))
            )
            words = builder.load(builder.bitcast(place, ir.VectorType(_WORD, 4).as_pointer()), align=1)
            both = builder.shuffle_vector(words, words, twice)
            lane = builder.add(builder.load(state), builder.mul(both, prime_2))
            turned = builder.or_(
                builder.shl(lane, ir.Constant(eight, [31] * 8)), builder.lshr(lane, ir.Constant(eight, [33] * 8))
            )
            builder.store(builder.mul(turned, prime_1), state)
        builder.store(builder.load(state), store, align=8)
        return context.get_dummy_value()

    return types.void(data, types.intp, types.intp, lanes, types.uint64, types.uint64), generate


def _every(builder, value, kind):
    """A vector of the same value throughout."""
    nothing = ir.Constant(kind, ir.Undefined)
    places = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(builder.insert_element(nothing, value, ir.IntType(32)(0)), nothing, places)


@device(plain.turn8)
def turn8(_typing_context, data, starts, _first, words, _at):
    """Write the 32 bytes at each of eight places of data as eight uint32 to a column of words[:8, at:at + 8].

    starts : int64[>= first + 8]  the places are starts[first:first + 8]
    words  : uint32[>= 8, m]      C-contiguous
    """

    def generate(context, builder, signature, args):
        kinds, half = signature.args, ir.VectorType(ir.IntType(32), 8)
        begin = builder.bitcast(
            _address(context, builder, kinds[1], args[1], builder.mul(args[2], _WORD(8))), _WORD.as_pointer()
        )
        rows = []
        for k in range(8):
            place = _address(context, builder, kinds[0], args[0], builder.load(builder.gep(begin, [_WORD(k)])))
            rows.append(builder.load(builder.bitcast(place, half.as_pointer()), align=1))
        for apart in (4, 2, 1):  # halves, quarters and single words change places across the diagonal
            for k in range(8):
                if k & apart == 0:
                    rows[k], rows[k + apart] = _exchanged(builder, rows[k], rows[k + apart], apart)
        stride = builder.extract_value(context.make_array(kinds[3])(context, builder, args[3]).strides, 0)
        for k in range(8):
            at = builder.add(builder.mul(stride, _WORD(k)), builder.mul(args[4], _WORD(4)))
            place = _address(context, builder, kinds[3], args[3], at)
            builder.store(rows[k], builder.bitcast(place, half.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(data, starts, types.intp, words, types.intp), generate


def _exchanged(builder, upper, lower, apart):
    """Two rows of eight, each with every second `apart` of its values exchanged for those of the other."""
    kind = ir.VectorType(ir.IntType(32), 8)
    first = [k if k & apart == 0 else k - apart + 8 for k in range(8)]
    second = [k + apart if k & apart == 0 else k + 8 for k in range(8)]
    return (
        builder.shuffle_vector(upper, lower, ir.Constant(kind, first)),
        builder.shuffle_vector(upper, lower, ir.Constant(kind, second)),
    )


@device(plain.prefetch)
def prefetch(_typing_context, array, _at):
    """Ask the processor for the cache line of array[at], which will be read soon; rows of a 2-d array count."""

    def generate(context, builder, signature, args):
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, args[0])
        size = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
        stride = builder.extract_value(view.strides, 0) if kind.ndim > 1 else size
        start = builder.ptrtoint(view.data, stride.type)
        address = builder.inttoptr(builder.add(start, builder.mul(stride, args[1])), cgutils.voidptr_t)
        flag = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [cgutils.voidptr_t], ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag])
        )
        builder.call(function, [address, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
