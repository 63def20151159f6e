"""What ends an ingestor because a person must choose? Each message is a sentence that says how."""


class IngestRefused(Exception):
    """The ingestor may not run as it was started."""


class ShardTaken(IngestRefused):
    """Another ingestor owns a shard."""


class ClientIdTaken(ShardTaken):
    """Another ingestor connected under our client id, so it has the same shards."""


class SchemaMissing(IngestRefused):
    """The database was not migrated. The message says how."""


class BrokerRefused(IngestRefused):
    """The broker does not want us, and would not want us again."""
