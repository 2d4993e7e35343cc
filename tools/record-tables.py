"""Records small files with pyarrow, for the tests of Parquet files.

    pip install pyarrow && python3 tools/record-tables.py

writes into test/fixtures/tables/
- types.parquet: every type that is read, with missing values; types.json says what is in
  them;
- ways-*.parquet: one table, each compression, both versions of pages, several groups of rows, encodings;
- *.arrow: the same as Feather files and as a stream;
- refused.parquet: what is not read; wide.*: integers beyond 2^53.
- gaps*.parquet: a row that is empty, and one that lacks a value; with a column that is not read, too.
"""

import datetime
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

folder = Path(__file__).parent.parent / "test" / "fixtures" / "tables"
folder.mkdir(parents=True, exist_ok=True)

day = datetime.date(1970, 1, 3)
moment = datetime.datetime(2001, 2, 3, 4, 5, 6, 789000)
seconds = moment.replace(tzinfo=datetime.timezone.utc).timestamp()
columns = {  # name: type, values, what is read (numbers, texts, None)
    "f64": (pa.float64(), [0.1, None, -1e300], [0.1, None, -1e300]),
    "f32": (pa.float32(), [0.5, None, -3.0], [0.5, None, -3.0]),
    "f16": (pa.float16(), [0.5, None, -65504.0], [0.5, None, -65504.0]),
    "nan": (pa.float64(), [float("nan"), 1.0, 2.0], [None, 1, 2]),
    "i8": (pa.int8(), [-128, None, 127], [-128, None, 127]),
    "i16": (pa.int16(), [-32768, None, 32767], [-32768, None, 32767]),
    "i32": (pa.int32(), [-(2**31), None, 2**31 - 1], [-(2**31), None, 2**31 - 1]),
    "i64": (pa.int64(), [-(2**53), None, 2**40 + 1], [-(2**53), None, 2**40 + 1]),
    "u8": (pa.uint8(), [0, None, 255], [0, None, 255]),
    "u16": (pa.uint16(), [0, None, 65535], [0, None, 65535]),
    "u32": (pa.uint32(), [0, None, 2**32 - 1], [0, None, 2**32 - 1]),
    "u64": (pa.uint64(), [0, None, 2**63], [0, None, 2**63]),
    "full": (pa.int64(), [1, 2, 3], [1, 2, 3]),
    "flag": (pa.bool_(), [True, None, False], ["true", None, "false"]),
    "text": (pa.string(), ["a", None, "名 b "], ["a", None, "名 b"]),
    "long text": (pa.large_string(), ["a", None, "b"], ["a", None, "b"]),
    "kind": (pa.dictionary(pa.int32(), pa.string()), ["a", None, "a"], ["a", None, "a"]),
    "decimal": (pa.decimal128(9, 2), [Decimal("1.10"), None, Decimal("-0.03")], [1.1, None, -0.03]),
    "long decimal": (pa.decimal128(30, 2), [Decimal("1.10"), None, Decimal("-7.25")], [1.1, None, -7.25]),
    "date": (pa.date32(), [day, None, day], [2, None, 2]),
    "ms": (pa.timestamp("ms"), [moment, None, moment], [seconds, None, seconds]),
    "us": (pa.timestamp("us", tz="UTC"), [moment, None, moment], [seconds, None, seconds]),
    "ns": (pa.timestamp("ns"), [moment, None, moment], [seconds, None, seconds]),
    "none": (pa.null(), [None, None, None], [None, None, None]),
    "__proto__": (pa.float64(), [1.0, 2.0, 3.0], [1, 2, 3]),
}
arrays = [pa.array(values, kind) for kind, values, _ in columns.values()]
table = pa.table(arrays, names=list(columns))
lines = [f'"{name}": {json.dumps(read)}' for name, (_, _, read) in columns.items()]
(folder / "types.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
pq.write_table(table, folder / "types.parquet", compression="none")
feather.write_feather(table, folder / "types.arrow", compression="uncompressed")

n = 40
ways = pa.table({
    "x": pa.array([i / 8 for i in range(n)], pa.float64()),
    "i": pa.array([None if i % 7 == 3 else i * i for i in range(n)], pa.int64()),
    "k": pa.array(["north", "south", None, "west"][i % 4] for i in range(n)),
    "b": pa.array([i % 3 == 0 for i in range(n)]),
})
for name, options in {
    "none": {"compression": "none"},
    "snappy": {"compression": "snappy"},
    "gzip": {"compression": "gzip"},
    "brotli": {"compression": "brotli"},
    "zstd": {"compression": "zstd"},
    "lz4": {"compression": "lz4"},
    "v2": {"data_page_version": "2.0"},
    "v2-plain": {"data_page_version": "2.0", "use_dictionary": False, "compression": "none"},
    "plain": {"use_dictionary": False, "compression": "none"},
    "groups": {"row_group_size": 7},
    "pages": {"data_page_size": 16, "write_batch_size": 4},
    "delta": {"use_dictionary": ["k"], "column_encoding": {"i": "DELTA_BINARY_PACKED"}},
    "split": {"use_dictionary": ["k"], "column_encoding": {"x": "BYTE_STREAM_SPLIT"}},
    "delta-texts": {"use_dictionary": False, "column_encoding": {"k": "DELTA_BYTE_ARRAY"}},
}.items():
    pq.write_table(ways, folder / f"ways-{name}.parquet", **options)
feather.write_feather(ways, folder / "ways-none.arrow", compression="uncompressed", chunksize=11)
long = pa.concat_tables([ways] * 60).combine_chunks()
feather.write_feather(long, folder / "ways-lz4.arrow")
feather.write_feather(ways, folder / "ways-zstd.arrow", compression="zstd")
coded = ways.set_column(2, "k", ways["k"].dictionary_encode())
with pa.ipc.new_stream(folder / "ways-stream.arrow", coded.schema) as stream:
    stream.write_table(coded, max_chunksize=11)

refused = pa.table({
    "list": pa.array([[1, 2], [3]]),
    "struct": pa.array([{"a": 1}, {"a": 2}]),
    "bytes": pa.array([b"a", b"b"]),
    "time": pa.array([datetime.time(1), datetime.time(2)]),
    "x": pa.array([1.5, 2.5]),
})
pq.write_table(refused, folder / "refused.parquet")
feather.write_feather(refused, folder / "refused.arrow", compression="uncompressed")
views = pa.table({"t": pa.array(["a", "b"], pa.string_view()), "x": pa.array([1.5, 2.5])})
feather.write_feather(views, folder / "views.arrow", compression="uncompressed")
wide = pa.table({"id": pa.array([1, 2**53 + 1]), "x": pa.array([1.0, 2.0])})
pq.write_table(wide, folder / "wide.parquet")

gaps = pa.table({
    "a": pa.array([None, 1.0, None, 3.0, 4.0]),
    "y": pa.array([None, 2.0, 4.0, 6.0, 8.0]),
})
pq.write_table(gaps, folder / "gaps.parquet")
lists = gaps.append_column("list", pa.array([None, [1], [2], [3], [4]]))
pq.write_table(lists, folder / "gaps-list.parquet")
