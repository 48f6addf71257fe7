"""Lesson 7 as a script: one comparison, and then ten pairs with their interval."""

import aiml_nb as nb


def main() -> None:
    """Compare sync with async where answers vary from call to call."""
    endpoint = nb.connect(scenario="classroom", seed=2, speed=20)
    pair = ["Who painted the Mona Lisa?", "Suggest three names for a sailing boat."]
    once = nb.compare(pair, endpoint, progress=False)
    print(f"Once:      {once.finding}.")
    many = nb.compare(pair, endpoint, repeats=10, progress=False)
    print(f"Ten pairs: {many.finding}.")


if __name__ == "__main__":
    main()
