"""The book: how it is made of the lessons, the docstrings and the pages that are written here.

``python -m docs`` builds it into ``build/book``. `execute` runs the notebooks; `questions` and
`lesson` make a page of each, `solutions` the teachers' part; `arrange` lays all out as Sphinx's
source, in the folders of the project, so that links and launch buttons agree; `deck` makes slides
of a lesson; `links` checks what was built.
"""
