"""What runs in the interpreter under test.

    zygote.py   imports torch, and forks or spawns all the others
    loading.py  imports test files and lists their tests
    worker.py   runs a batch of tests, in a process of its own
    watching.py notices when tests and sub-tests begin and end
    recorder.py turns unittest's result into outcomes
    surroundings.py tells what a test left changed, and puts it back
    settings.py the single values among that
    channel.py  records to the driver, and requests from it

It runs on Python 3.7 with torch 1.0, and imports nothing of this project but
``records`` and ``processes``, which speak for both sides.
"""
