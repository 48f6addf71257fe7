"""How records are written to files, and read back.

- `codec`: a record as a dictionary, and checked back.
- `lines`: JSON in lines with checksums.
- `journal`: the lines that a run writes as things happen; `journal_run` makes a run of them,
  `journal_contents` reads them for a run that is resumed.
- `results`: rows, one per prompt; `batch` is the part of them in OpenAI's shape.
- `saved`: reads any of these files, and the JSON of ``aiml-nb compare``.
- `atomic`: files that are written whole or not at all.
"""
