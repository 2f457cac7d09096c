# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Device functions that move some of 64 bytes together at once, where the processor has an instruction for it.

Masks and arrays as in `vectors`; nothing checks bounds. Without the instruction LLVM does it byte by byte, which takes
longer than to do without: cf. `SQUEEZES`. Their twins: `dedup.kernels.reference.squeezing`.
"""

from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from dedup.kernels.device import device, uncompiled
from dedup.kernels.flags import CAPITAL, NUMBER, SENTENCE
from dedup.kernels.reference import squeezing as plain
from dedup.kernels.vectors import WIDTH

_BYTE, _BIT, _HALF, _WORD = ir.IntType(8), ir.IntType(1), ir.IntType(32), ir.IntType(64)
_BYTES, _MASK, _PLACES = ir.VectorType(_BYTE, WIDTH), ir.VectorType(_BIT, WIDTH), ir.VectorType(_WORD, 8)
_COMPRESSES = (20, 0, 0)  # of LLVM: the first that makes one instruction of what it calls "experimental"
_MOST = WIDTH // 2  # words in 64 bytes


def _squeezes():
    """Whether kernels are compiled for this processor, it has AVX-512 VBMI2, as AMD's since 2022, and LLVM knows it."""
    another = config.CPU_NAME or config.CPU_FEATURES  # type: ignore[attr-defined]  # it sets its own attributes
    known = llvm.llvm_version_info >= _COMPRESSES
    return known and not (uncompiled() or another) and bool(llvm.get_host_cpu_features().get("avx512vbmi2"))


SQUEEZES = _squeezes()
"""Whether these are quick."""


def _splat(value):
    return ir.Constant(_BYTES, [value] * WIDTH)


def _pointer(context, builder, kind, array, index, to):
    """A pointer to array[index], and what lies there is of kind `to`."""
    view = context.make_array(kind)(context, builder, array)
    return builder.bitcast(builder.gep(view.data, [index]), to.as_pointer())


def _squeezed(builder, vector, keep):
    """The bytes of a vector that are kept, and zeros behind them."""
    kind = ir.FunctionType(_BYTES, [_BYTES, _MASK, _BYTES])
    name = f"llvm.experimental.vector.compress.v{WIDTH}i8"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(function, [vector, builder.bitcast(keep, _MASK), _splat(0)])


@device(plain.squeeze_text)
def squeeze_text(_typing_context, source, _at, _keep, _blanks, target, _to):
    """Copy those of the 64 bytes at source[at] that are kept to target[to], and zeros behind them: 64 bytes.

    Bit 5 is set, so that ASCII letters become lower case; where `blanks` says so they become spaces. Returns which
    bytes of the copy are spaces.
    """

    def generate(context, builder, signature, args):
        kinds = signature.args
        text = builder.load(_pointer(context, builder, kinds[0], args[0], args[1], _BYTES), align=1)
        lower = builder.or_(text, _splat(32))
        spaced = builder.select(builder.bitcast(args[3], _MASK), _splat(32), lower)
        squeezed = _squeezed(builder, spaced, args[2])
        builder.store(squeezed, _pointer(context, builder, kinds[4], args[4], args[5], _BYTES), align=1)
        return builder.bitcast(builder.icmp_unsigned("==", squeezed, _splat(32)), _WORD)

    return types.uint64(source, types.intp, types.uint64, types.uint64, target, types.intp), generate


@device(plain.squeeze_flags)
def squeeze_flags(_typing_context, _keep, _numbers, _capitals, _sentences, _opening, flags, _at):
    """Write the flags of those of 64 bytes that are kept, at most 32, to flags[at], and zeros behind them: 32 bytes.

    They are NUMBER, CAPITAL and SENTENCE where the masks say so, and `opening` beside that for the first.
    """

    def generate(context, builder, signature, args):
        every = _splat(0)
        for mask, bit in zip(args[1:4], (NUMBER, CAPITAL, SENTENCE), strict=True):
            every = builder.or_(every, builder.select(builder.bitcast(mask, _MASK), _splat(bit), _splat(0)))
        first = builder.insert_element(_splat(0), builder.trunc(args[4], _BYTE), _HALF(0))
        squeezed = builder.or_(_squeezed(builder, every, args[0]), first)
        few = ir.Constant(ir.VectorType(_HALF, _MOST), list(range(_MOST)))
        place = _pointer(context, builder, signature.args[5], args[5], args[6], ir.VectorType(_BYTE, _MOST))
        builder.store(builder.shuffle_vector(squeezed, squeezed, few), place, align=1)
        return context.get_dummy_value()

    masks = [types.uint64] * 4
    return types.void(*masks, types.int64, flags, types.intp), generate


@device(plain.store_places)
def store_places(_typing_context, _mask, _base, places, _at):
    """Write the places of the bits that are set, at most 32, each more by `base`, to places[at]; and more behind them.

    No more than 32 int64 are written.
    """

    def generate(context, builder, signature, args):
        mask, base, places, at = args
        found = _squeezed(builder, ir.Constant(_BYTES, list(range(WIDTH))), mask)
        nothing = ir.Constant(_PLACES, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(_HALF, 8), [0] * 8)
        bases = builder.shuffle_vector(builder.insert_element(nothing, base, _HALF(0)), nothing, zeros)

        def store(first):
            eight = ir.Constant(ir.VectorType(_HALF, 8), list(range(first, first + 8)))
            some = builder.add(builder.zext(builder.shuffle_vector(found, found, eight), _PLACES), bases)
            index = builder.add(at, _WORD(first))
            builder.store(some, _pointer(context, builder, signature.args[2], places, index, _PLACES), align=8)

        store(0)
        store(8)
        many = builder.icmp_unsigned(">", builder.ctpop(mask), _WORD(16))
        with builder.if_then(many, likely=False):
            store(16)
            store(24)
        return context.get_dummy_value()

    return types.void(types.uint64, types.int64, places, types.intp), generate


@device(plain.highest)
def highest(_typing_context, _mask):
    """The place of the highest bit that is set; one is."""

    def generate(_context, builder, _signature, args):
        return builder.sub(_WORD(WIDTH - 1), builder.ctlz(args[0], ir.Constant(_BIT, 1)))

    return types.int64(types.uint64), generate
