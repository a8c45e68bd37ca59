"""A process that runs jobs, each some tests, until nobody needs it or it is unfit."""

import atexit
import gc
import os
import signal
import socket
import tempfile
import weakref

import processes
from child.channel import flush_output, receive_request
from child.loading import import_outcome, list_file, tests_of
from child.recorder import Recorder, one_line, test_name
from child.watching import AnnouncingSuite, watched
from records import AT, DONE, END, ERROR, IDLE, OUTCOME, RETIRED, Outcome


def settle(request, output):
    """Make a process of its own of a fork, and have it print to ``output``.

    A test that signals its group hits nobody else, and what tests leave running
    becomes this process's child, which it can see and end.
    """
    os.setsid()
    processes.adopt_orphans()
    flush_output()
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.environ["TMPDIR"] = request["scratch"]
    tempfile.tempdir = None
    # What was to happen at the exit of the process that this one was forked from
    # happens there: a folder that a test file keeps is not removed by each worker.
    atexit._clear()
    for finalizer in list(weakref.finalize._registry):
        finalizer.atexit = False
    weakref.finalize._registered_with_atexit = False


def load_files(request, channel, loaded):
    """Import the files of a request and tell their tests."""
    for file in request["files"]:
        list_file(file, loaded, channel.send)
    flush_output()
    channel.send(END)


def run_jobs(request, connection, bell, channel, loaded):
    """Run the tests of a request, and of those to come, then end the process."""
    jobs = socket.socket(fileno=connection)
    fit = True
    while fit and request is not None:
        # The suite is told in the environment how it reads goldens.
        os.environ.update(request["env"])
        fit = _run_job(request, channel, loaded)
        channel.send(IDLE if fit else RETIRED)
        bell.ring()
        request, _ = receive_request(jobs) if fit else (None, [])
    # Who interrupts it now does not mean a test.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send(END)
    leave(loaded)


def _run_job(request, channel, loaded):
    """Whether the process is fit for more tests afterwards."""
    return all(
        _run_file(file, names, request, channel, loaded)
        for file, names in request["batch"]
    )


def _run_file(file, names, request, channel, loaded):
    send = channel.send
    send(AT, file=file, test="", parameters={}, printed=0)
    try:
        tests = list(tests_of(loaded.module(file)))
    except BaseException as error:  # noqa: B036 - it is the outcome of each test
        for name in names:
            outcome = import_outcome(file, name, error)
            send(OUTCOME, outcome=outcome, printed=[0, 0])
            send(DONE, test=name)
        return True
    wanted = [test for test in tests if test_name(test) in set(names)]
    for name in sorted(set(names) - {test_name(test) for test in wanted}):
        message = one_line(LookupError(f"{file} has no test {name}"))
        outcome = Outcome(file, name, ERROR, message=message).to_json()
        send(OUTCOME, outcome=outcome, printed=[0, 0])
        send(DONE, test=name)
    recorder = Recorder(
        send, file, wanted, seed=request["seed"], show_locals=request["show_locals"]
    )
    with watched(recorder):
        AnnouncingSuite(wanted).run(recorder)
    fit = recorder.finish()
    loaded.set_apart(file)
    return fit


def leave(loaded):
    """End as an interpreter ends, but for the teardown of torch itself.

    That takes 0.2 s with torch 2.13.  What was registered for the exit in this
    process, and what lives in the test files that it imported, comes to its end here.
    """
    atexit._run_exitfuncs()
    loaded.clear()
    gc.collect()
    flush_output()
    os._exit(0)
