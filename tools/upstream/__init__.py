"""Carrying tests into a PyTorch checkout.

    check      do our test files keep the rules of PyTorch's tree?
    export     copies tests, with all that they need, into a checkout

    sources    a Python file below test/: imports, classes, main block
    needs      which other files it needs
    classes    its test classes, and what they inherit from
    layout     folders whose tests another file collects
    rules, ruff_rules, golden_rules    what ``check`` asks of them;  problem
    writers    the fewest releases whose goldens have all format versions
    content    the files of an export;  aggregator, ledger: those that are extended
    checkout   where they go: what git says of it, and writing them all or none;  errors

``python -m tools.upstream --help`` lists the commands.
"""
