"""Runs the query in argv with DuckDB and prints its rows as JSON.

With `pandas FILE`, it prints the number of rows and the types that pandas reads from a Parquet file.
"""

import json
import sys

import duckdb
import pandas

if sys.argv[1] == "pandas":
    frame = pandas.read_parquet(sys.argv[2])
    print(json.dumps({"rows": len(frame), "types": {name: str(kind) for name, kind in frame.dtypes.items()}}))
else:
    print(json.dumps(duckdb.sql(sys.argv[1]).fetchall(), default=str))
