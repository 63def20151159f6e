"""What ends a notifier because a person must choose? Each message is a sentence that says how."""


class NotifyRefused(Exception):
    """The notifier may not run as it was started."""


class SchemaMissing(NotifyRefused):
    """The database was not migrated. The message says how."""


class UnusableCertificates(NotifyRefused):
    """`ca_file` holds no certificates, or cannot be read."""
