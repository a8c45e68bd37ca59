"""How the driver and the interpreter under test talk.

Records go to the driver as lines on a descriptor of their own, requests come from
it on a socket, with the descriptors that they are about.
"""

import array
import json
import os
import socket
import struct
import sys

# Bound here: a test may replace them in their modules while it runs.
from json import dumps
from os import _exit, fstat, getpid, write

EXIT_UNHEARD = 70
_LENGTH = struct.Struct("!I")
_MOST_DESCRIPTORS = 3


class Channel:
    """The descriptor on which the driver listens to one process.

    Each line begins with ``token``, which only the two of them know: what a test
    writes to descriptors that are not its own says nothing.  ``clean_up`` is called
    when nobody listens any more, before the process ends for that reason.
    """

    def __init__(self, descriptor, token, clean_up=lambda: None):
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        self._token = token.encode("ascii")
        self._process = getpid()
        self._place = _place(descriptor)
        self._clean_up = clean_up

    def send(self, event, **fields):
        """Write one record, at once: the next moment may be a crash."""
        if getpid() != self._process:
            # A test forked, and its child ran on into our code.
            _exit(EXIT_UNHEARD)
        content = dumps(dict(fields, event=event)).encode("ascii")
        # The line break before it ends whatever a test may have written there.
        line = b"\n" + self._token + content + b"\n"
        try:
            if _place(self._descriptor) != self._place:
                raise OSError("a test closed the descriptor, and opened another")
            while line:
                line = line[write(self._descriptor, line) :]
        except OSError as error:
            # The driver is gone, or a test closed the descriptor.
            self._clean_up()
            text = f"the driver cannot be told of {event!r}: {error}\n"
            try:
                write(2, text.encode("utf-8", "backslashreplace"))
            finally:
                _exit(EXIT_UNHEARD)


class Bell:
    """The descriptor of a pipe by which the driver is woken.

    What was sent to it it would see a moment later without.
    """

    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)
        self.descriptor = descriptor
        self._place = _place(descriptor)

    def ring(self):
        """Have the driver look now at what was sent."""
        try:
            if _place(self.descriptor) == self._place:
                write(self.descriptor, b".")
        except OSError:
            pass  # a test closed it, or it has rung without end


def _place(descriptor):
    found = fstat(descriptor)
    return found.st_dev, found.st_ino


def send_request(connection, request, descriptors=()):
    """Send a request, plain data, with open descriptors for the receiver."""
    content = dumps(request).encode("ascii")
    ancillary = [
        (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())
    ]
    connection.sendmsg([_LENGTH.pack(len(content))], ancillary if descriptors else [])
    connection.sendall(content)


def receive_request(connection):
    """The next request and its descriptors; None and none where nobody asks."""
    try:
        return _receive(connection)
    except ConnectionError:
        # A test has written to the socket, and nobody was there to read it.
        return None, []


def _receive(connection):
    size = array.array("i").itemsize
    descriptors = array.array("i")
    head = b""
    while len(head) < _LENGTH.size:
        part, ancillary, _, _ = connection.recvmsg(
            _LENGTH.size - len(head), socket.CMSG_SPACE(_MOST_DESCRIPTORS * size)
        )
        if not part:
            return None, []
        head += part
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content[: len(content) // size * size])
    content = b""
    left = _LENGTH.unpack(head)[0]
    while len(content) < left:
        part = connection.recv(min(left - len(content), 1 << 16))
        if not part:
            return None, []
        content += part
    return json.loads(content.decode("ascii")), list(descriptors)


def flush_output():
    """Write out what tests have printed, by Python or C; errors are theirs."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
