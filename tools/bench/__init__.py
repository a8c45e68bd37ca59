"""Benchmarks: this project's programs against those that people would use instead.

``python -m tools.bench --help`` lists the commands.  One way through ``driver``::

    runners, workloads -> measuring -> comparison -> table

``measuring`` runs and times, ``comparison`` makes medians and ratios of that, and
``table`` prints them.
"""
