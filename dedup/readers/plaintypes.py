"""The types of a table's columns made plain: views and runs, which Arrow reads but picks no rows of, become others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FeedError


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with plain types; all else, metadata too, stays."""
    return pa.schema([field.with_type(plain_type(field.type)) for field in schema], schema.metadata)


def plain_type(kind: Any) -> pa.DataType:
    """The type that holds the same values and whose rows can be picked; most types are plain themselves.

    >>> plain_type(pa.list_(pa.string_view()))
    ListType(list<item: string>)
    """
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        storage = plain_type(kind.storage_type)
        return kind if storage == kind.storage_type else storage
    if pa.types.is_dictionary(kind):
        values = plain_type(kind.value_type)
        return kind if values == kind.value_type else pa.dictionary(kind.index_type, values, kind.ordered)
    return _plain_nested(kind) if pa.types.is_nested(kind) else kind


def _plain_nested(kind: Any) -> pa.DataType:
    """The same for lists, structs and maps; unions stay as they are."""
    inner = [kind.field(k) for k in range(kind.num_fields)]
    plain = [field.with_type(plain_type(field.type)) for field in inner]
    if plain == inner:
        return kind
    if pa.types.is_struct(kind):
        return pa.struct(plain)
    if pa.types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type), kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(plain[0], kind.list_size)
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.list_(plain[0])
    if pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(plain[0])
    return kind


def plain_batch(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """The batch with plain types.

    Raises:
        FeedError: a column cannot be made plain; the message names it.
    """
    schema = plain_schema(batch.schema)
    if schema.equals(batch.schema):
        return batch
    columns = [_plain_column(column, field, name) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain_column(column: pa.Array, field: pa.Field, name: str) -> pa.Array:
    if column.type == field.type:
        return column
    try:
        plain = _plain_array(column, field.type)
        plain.validate()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        pass  # runs inside lists, say; and of views of lists Arrow makes lists with an offset too few
    else:
        return plain
    try:
        return pa.array(column.to_pylist(), type=field.type)
    except (pa.ArrowException, ValueError, OverflowError, LookupError) as exc:
        raise unreadable(name, field.name, column.type) from exc


def _plain_array(column: Any, kind: pa.DataType) -> pa.Array:
    if pa.types.is_run_end_encoded(column.type):
        places = column.offset + np.arange(len(column))
        runs = np.searchsorted(column.run_ends.to_numpy(), places, side="right")
        return _plain_array(column.values, kind).take(pa.array(runs))
    if isinstance(column.type, pa.BaseExtensionType) and column.type != kind:
        return _plain_array(column.storage, kind)
    return column.cast(kind)


def pick_rows(batch: pa.RecordBatch, flags: NDArray[np.bool_], name: str) -> pa.RecordBatch:
    """The flagged rows of a batch.

    Raises:
        FeedError: Arrow picks no rows of a column's type; the message names it.
    """
    picked = pa.array(flags)
    try:
        return batch.filter(picked)
    except pa.ArrowNotImplementedError as exc:
        for field, column in zip(batch.schema, batch.columns, strict=True):
            try:
                column.filter(picked)
            except pa.ArrowNotImplementedError:
                raise unreadable(name, field.name, field.type) from exc
        raise


def unreadable(name: str, column: str, kind: pa.DataType) -> FeedError:
    """The error for a column that is whole, and of a type that nothing can be done with."""
    return FeedError(
        name, f'its column "{column}" is of the type {kind}, which cannot be read; leave it out or cast it'
    )
