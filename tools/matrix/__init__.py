"""The matrix: what each release reads of what each release wrote.

    targets   what there is to read: a test's goldens of one writer
    store     the cells, in one SQLite file
    work      what has to be read (again), cut into units
    reading   one unit under one release; runs wherever an executor puts it
    run       the command that does all that
    events    what the cells tell: each break and mend

A cell holds what happened, not whether that is right: the ledger of known breaks is
asked when cells are looked at, so that a new row needs no new reading.
"""
