"""The model of a service in virtual time: what is answered, and when. It reads no clock.

`engine` plans each request at its arrival: `fault_picker` decides what goes wrong, `service_time`
draws the times, `limits` counts requests and tokens, and the result is a `plan`. The answer is made
by `compose`: a text of `answers`, a value of a JSON `schema`, or calls of `tools`.
"""
