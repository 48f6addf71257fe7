"""``python -m aiml_nb`` is ``aiml-nb``."""

import sys

from .cli import main

sys.exit(main())
