"""How fast it is, as ratios: ``python -m tests.benchmarks [NAME…] [--repeats N] [--json]``.

Each module of `BENCHMARKS` has one function, ``measure(*, repeats, quick)``, that gives `Row`s. A
row compares a figure with a reference that was measured in the same run on the same machine.
"""
