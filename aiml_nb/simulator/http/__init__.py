"""The HTTP server: requests in, answers out, in the bytes of OpenAI's API.

The way of a request: `sockets` and `server` accept it, `guard` rejects web pages and oversized
bodies, `service` finds the service of its token, `routes` its handler. A chat completion is read by
`chat` (with `answer_options` and `tool_fields`), planned by the model, and sent by `respond`, or by
`faulty_reply` and `corrupt` if it has a fault. `openai_format`, `chunks` and `logprobs` write
bodies, `profiles` and `refusals` errors and headers, `store` and `log` keep the requests.
`foreground` and `child` are the two ways to run the server.
"""
