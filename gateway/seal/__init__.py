"""Makes evidence tamper-evident: Merkle roots over bundles, in a chain."""
