"""The clock of a run, and what keeps its event loop responsive: timers, start pacer, GC."""
