"""Writes the table that parquet.mjs reads: 1 million rows of 20 columns, as pyarrow does by itself."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

random = np.random.default_rng(0)
rows = int(sys.argv[2])
columns = {f"x{i}": random.normal(size=rows) for i in range(12)}
columns |= {f"i{i}": random.integers(0, 1000, rows).astype(np.int32) for i in range(4)}
columns |= {f"f{i}": random.normal(size=rows).astype(np.float32) for i in range(2)}
columns["shop"] = np.array(["north", "south", "east", "west"])[random.integers(0, 4, rows)]
columns["sold"] = np.array(["no", "yes"])[random.integers(0, 2, rows)]
pq.write_table(pa.table(columns), sys.argv[1])
