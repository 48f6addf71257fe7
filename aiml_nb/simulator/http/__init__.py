"""How it goes over the wire: the server and its answers in the bytes of OpenAI's API."""
