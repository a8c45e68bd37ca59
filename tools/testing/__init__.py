"""The driver behind ``run_test.py``, and ``python -m tools.testing merge``.

One way through it::

    options -> plan -> Engine: zygote -> loader -> listing -> selection
                          |                          |
                          |        history -> batches, shards
                          |                          |
                          +--- forks --> workers: jobs -> records -> outcomes
                                                     |
                     verdicts, ledger <- session <---+---> report, report files

    main           from the command line to the exit code;  exit_codes, errors
    options        the command line;  plan: what of it the engine needs
    finding, found what there is to run
    discovery      the test files of a tree;  fingerprint: whether they changed
    selection      which tests are asked for;  sharding: which of them are ours
    scheduling     which tests share a job;  history, store: what earlier runs tell
    engine         one interpreter under test, and the tests it has
    zygotes        its processes;  listening: what they say, and their limits
    jobs, running  what workers are to do, and who is to blame if they die;  events
    execution      the same for a single file: goldens are written with it
    session        a run;  verdicts: its failures again;  ledger: which are known
    narration      events for the report
    report         what the user reads, with console, display, live, progress, failure
    reporting      report files: junit, jsonlines, github, files;  summary, text
    merge          the reports of shards made one
    interruption   Ctrl-C and SIGTERM
    records        the language of both sides;  processes: what the system is asked
    child/         what runs in the interpreter under test

All of it runs on Python 3.7 with nothing but the standard library; ``rich`` makes
the live display where it is installed.
"""
