"""The ledger beside its peers and the floor: `python -m benchmarks`."""
