"""The driver behind ``run_test.py``.

One way through it::

    options -> discovery -> list_tests -> selection -> run_file -> report
                               |                          |
                               +------- children ---------+
                                           |
                    child.py, recorder.py: in the interpreter under test

``records`` is the language that both sides speak.  All of it runs on Python 3.7
with nothing but the standard library.
"""
