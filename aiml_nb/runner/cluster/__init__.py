"""A run whose calls are sent by the worker processes of a Dask cluster.

The process that starts the run plans, limits, journals and judges every attempt as always; only the
request itself is made by a worker. So limits, pauses, caps and the journal are those of one run,
however many workers there are, and a worker that ends takes with it nothing but what it had in
flight. To share limits out among workers that run parts of a run would be faster for very short
calls (``python -m tests.benchmarks cluster``), and would keep them only nearly.

- `choose`: the arguments ``cluster`` and ``processes``, with `secret_headers`, which are refused;
  `local`: worker processes on this machine
- `pool`: the workers of one run; `link`: the exchange with one of them; `reach`: how a function is
  called there; `backend`, `remote_function`: how an attempt, or an item, goes to a worker
- `sender`, `server_work`, `function_work`: what runs in a worker; `orders`: what is exchanged
"""
