"""Lesson 0 as a script: what runs here, and one question to the simulator."""

import aiml_nb as nb

if __name__ == "__main__":
    print(nb.check_up())
    endpoint = nb.connect(simulate=True, scenario="faq", seed=7, speed=2)
    run = nb.run(["What is 2+2?"], endpoint, progress=False)
    call = run.calls[0]
    print(call.prompt, "->", call.text)
    print(f"The user waited {call.finished - call.submitted:.2f} s (simulated).")
