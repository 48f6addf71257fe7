"""What is answered and when: the service in virtual time, which reads no clock.

`engine` plans each request at its arrival: `fault_picker` decides what goes wrong, `service_time`
draws the times, `limits` counts requests and tokens, and the result is a `plan`. The answer comes
from `compose`: a text of `answers`, a value of a JSON `schema`, or calls of `tools`.
"""
