"""Hears temperature loggers, keeps every reading on disk, and publishes it until it is stored."""
