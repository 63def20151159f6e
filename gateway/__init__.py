"""Takes readings from MQTT into the database, judges what they mean, and tells the outside.

Four rooms, strangers to each other: `ingest`, `judge`, `seal`, `notify`. They meet in the database.
`rules` is what they decide by: pure functions over frozen values; `database` is how they connect.
"""
