"""The language the processes share: types, ids, units, wire format, topics, tables. No I/O."""
