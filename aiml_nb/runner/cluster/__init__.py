"""A run whose calls are sent by the worker processes of a Dask cluster.

The process that starts the run plans, limits, journals and judges every attempt as always, which
takes a tenth of a call's processor time. The rest, the request itself, is made by a worker. So
limits, pauses, caps and the journal are those of one run, however many workers there are, and a
worker that ends takes with it nothing but what it had in flight.

- `choose`: the arguments ``cluster`` and ``processes``; `local`: worker processes on this machine
- `pool`: the workers of one run; `link`: the exchange with one of them; `backend`: how an attempt,
  or a function's item, goes to a worker
- `sender`, `server_work`, `function_work`: what runs in a worker; `orders`: what is exchanged
"""
