"""The clock of a run, and what keeps its event loop free: timers, the pace of starts, the GC."""
