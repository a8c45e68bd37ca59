"""The driver's report files: how they are written, JSON lines, what is counted."""

import os
import subprocess
import unittest
from dataclasses import replace
from unittest import mock

from tools.test.report_samples import FILE, HOSTILE, INFO, ReportCase, outcome, run_of
from tools.testing.files import ReportError, append, check_writable, write_atomically
from tools.testing.jsonlines import read_json, write_json
from tools.testing.summary import area_of, count_areas, count_states
from tools.testing.text import cut


class TestFiles(ReportCase):
    """Files are written whole or not at all."""

    def test_text_and_bytes(self) -> None:
        """Text becomes UTF-8, a lone surrogate is spelled out; bytes stay."""
        write_atomically(self.path, "é\udc80\r\n")
        text = self.read()
        write_atomically(self.path, b"\xff")

        self.assertEqual("é\\udc80\r\n".encode(), text)
        self.assertEqual(b"\xff", self.read())
        self.assertEqual(["report"], os.listdir(self.folder))

    def test_link_stays_a_link(self) -> None:
        """A symbolic link goes on to point to the file that is written."""
        target = os.path.join(self.folder, "target")
        os.symlink(target, self.path)

        write_atomically(self.path, "new")

        self.assertTrue(os.path.islink(self.path))
        with open(target, encoding="utf-8") as file:
            self.assertEqual("new", file.read())

    def test_failed_replacement(self) -> None:
        """When the last step fails the old file is intact and nothing is left over."""
        self.write(b"old")

        with mock.patch("os.replace", side_effect=PermissionError(1, "not allowed")):
            with self.assertRaisesRegex(ReportError, f"{self.path}: not allowed; name"):
                write_atomically(self.path, "new")

        self.assertEqual(b"old", self.read())
        self.assertEqual(["report"], os.listdir(self.folder))

    def test_interrupted_writing(self) -> None:
        """An interruption while writing leaves the old file and nothing else."""
        self.write(b"old")

        with mock.patch("os.replace", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                write_atomically(self.path, "new")

        self.assertEqual(b"old", self.read())
        self.assertEqual(["report"], os.listdir(self.folder))

    def test_full_disk(self) -> None:
        """A full disk is an error that names the file; the old one is intact."""
        self.path = os.path.join(self.mount_small_disk(), "report")
        write_atomically(self.path, "old")

        for write in write_atomically, append:
            with self.subTest(write=write.__name__):
                with self.assertRaises(ReportError) as caught:
                    write(self.path, b"x" * 1_000_000)

                self.assertIn(f"cannot write {self.path}: ", str(caught.exception))
                self.assertIn("make room there", str(caught.exception))
                self.assertEqual(b"old", self.read())
                self.assertEqual(["report"], os.listdir(os.path.dirname(self.path)))

    def mount_small_disk(self) -> str:
        """Mount a disk of 64 kB; its folder."""
        folder = os.path.join(self.folder, "disk")
        os.mkdir(folder)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"needs root and mount to make a small disk: {error}")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        return folder

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_full_device(self) -> None:
        """A device that takes nothing is told of as a full disk is."""
        with self.assertRaisesRegex(ReportError, "/dev/full: No space.*; make room"):
            append("/dev/full", "text")

    @unittest.skipUnless(os.path.exists("/dev/fd"), "needs /dev/fd")
    def test_special_file(self) -> None:
        """What is no regular file, such as a pipe, is written to, not replaced."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)

        check_writable(f"/dev/fd/{writer}")
        write_atomically(f"/dev/fd/{writer}", "text")

        self.assertEqual(b"text", os.read(reader, 100))

    def test_append(self) -> None:
        """What is appended comes after what was there."""
        append(self.path, "one\n")
        append(self.path, "two\udc80\n")

        self.assertEqual(b"one\ntwo\\udc80\n", self.read())

    def test_check_before_the_run(self) -> None:
        """A path that can be written passes, and the check leaves no trace."""
        check_writable(self.path)
        self.write(b"old")
        check_writable(self.path)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        check_writable("other")

        self.assertEqual(b"old", self.read())
        self.assertEqual(["report"], os.listdir(self.folder))

    def test_check_refuses(self) -> None:
        """A folder, a missing folder and one that takes no files are refused."""
        missing = os.path.join(self.folder, "no", "report")

        with self.assertRaisesRegex(ReportError, f"{self.folder}: it is a folder"):
            check_writable(self.folder)
        with self.assertRaisesRegex(ReportError, f"{missing}: there is no folder"):
            check_writable(missing)

    @unittest.skipUnless(os.path.isdir("/proc"), "needs /proc, where root cannot write")
    def test_check_writes(self) -> None:
        """A folder that takes no file is refused, whatever its permissions say."""
        with self.assertRaisesRegex(ReportError, "/proc/report: .*; name a file"):
            check_writable("/proc/report")


class TestJson(ReportCase):
    """``--json`` writes lines that can be read back."""

    full = run_of(
        outcome(
            "A.a", "failed", parameters={"writer": "1.3.1"}, message="m", traceback="t",
            seconds=0.25, row=3, output="o", verdict="fails",
        ),
        outcome("A.b", "passed"),
        info=replace(INFO, shard=(1, 2), selected=(f"{FILE}::A.a", f"{FILE}::A.b")),
        interrupted=True,
        not_run=(f"{FILE}::A.c",),
    )  # fmt: skip

    def test_round_trip(self) -> None:
        """What is read is what was written."""
        hostile = outcome(HOSTILE, "failed", seconds=2)

        for result in self.full, run_of(), run_of(hostile):
            with self.subTest(outcomes=len(result.outcomes)):
                write_json(result, self.path)

                self.assertEqual(result, read_json(self.path))

    def test_lines(self) -> None:
        """A line for the run, each outcome and the end, in ASCII."""
        write_json(run_of(outcome(HOSTILE, "failed")), self.path)

        lines = self.read().decode("ascii").splitlines()
        self.assertEqual(3, len(lines))
        self.assertTrue(lines[0].startswith('{"event": "run", "schema": 1, "torch": {'))
        self.assertTrue(lines[1].startswith('{"event": "outcome", "file": '))
        self.assertTrue(lines[2].startswith('{"event": "end", "seconds": 1.5, '))
        self.assertTrue(lines[2].endswith('"counts": {"failed": 1}}'))

    def test_cut_short(self) -> None:
        """However a file is cut short, reading it fails with its name and a line."""
        write_json(self.full, self.path)
        content = self.read()

        for size in range(len(content) - 1):
            self.write(content[:size])
            with self.assertRaisesRegex(ReportError, f"{self.path}, line [1-4]: "):
                read_json(self.path)

    def test_altered(self) -> None:
        """What is no report is an error that names the file, the line and a way out."""
        write_json(self.full, self.path)
        run, failed, passed, end = self.read().splitlines(keepends=True)

        for line, content, reason in [
            (1, b"", "no record 'run'"),
            (1, failed + end, "no record 'run'"),
            (1, run.replace(b'"schema": 1', b'"schema": 2') + end, "schema is 2"),
            (1, run.replace(b'"seed": 7', b'"seed": "7"') + end, "str instead of int"),
            (
                1,
                run.replace(b'"seed": 7', b'"seed": true') + end,
                "bool instead of int",
            ),
            (1, run.replace(b"[1, 2]", b"[1]") + end, "1 items instead of 2"),
            (1, run.replace(b'"seed"', b'"sead"') + end, "unknown field 'sead'"),
            (1, run.replace(b'"root": "/tree", ', b"") + end, "root"),
            (2, run + b"\n" + end, "broken"),
            (2, run + b"[" * 100_000 + b"\n" + end, "broken"),
            (2, run + b"\xff\n" + end, "broken"),
            (2, run + b"[]\n" + end, "no object with an event"),
            (2, run + run + end, "'run' instead of 'outcome'"),
            (2, run + end + end, "'end' instead of 'outcome'"),
            (2, run + failed.replace(b'"failed"', b'"odd"') + end, "unknown state"),
            (2, run + failed.replace(b"0.25", b"true") + end, "bool instead of float"),
            (3, run + failed + end, "its counts"),
            (3, run + failed + passed, "no record 'end' follows"),
        ]:
            with self.subTest(reason=reason, content=content[-60:]):
                self.write(content)

                with self.assertRaises(ReportError) as caught:
                    read_json(self.path)

                self.assertIn(f"{self.path}, line {line}: ", str(caught.exception))
                self.assertIn(reason, str(caught.exception))
                self.assertRegex(str(caught.exception), "; (run|read) ")

    def test_no_file(self) -> None:
        """A file that is not there is an error that names it."""
        with self.assertRaisesRegex(ReportError, f"cannot read {self.path}: No such"):
            read_json(self.path)


class TestSummary(unittest.TestCase):
    """Outcomes are counted in one place."""

    def test_areas(self) -> None:
        """An area is the first folder below test/, or of another tree."""
        self.assertEqual("quantization", area_of(FILE))
        self.assertEqual("jit", area_of("test/jit/test_a.py"))
        self.assertEqual(".", area_of("test/test_a.py"))
        self.assertEqual("unit", area_of("unit/deep/test_a.py"))
        self.assertEqual(".", area_of("test_a.py"))

    def test_counts(self) -> None:
        """States are counted in one order; one that nobody knows comes last."""
        outcomes = [
            outcome("A.a", "odd"),
            outcome("A.b", "failed"),
            outcome("A.c", "passed", file="test/jit/test_b.py"),
            outcome("A.d", "failed"),
        ]

        counts, areas = count_states(outcomes), count_areas(outcomes)

        self.assertEqual([("passed", 1), ("failed", 2), ("odd", 1)], [*counts.items()])
        self.assertEqual(
            [("jit", {"passed": 1}), ("quantization", {"failed": 2, "odd": 1})],
            [*areas.items()],
        )

    def test_cut(self) -> None:
        """A long text keeps both ends."""
        self.assertEqual("abcd", cut("abcd", 4))
        self.assertEqual("ab ... (1 characters left out) ... de", cut("abcde", 4))


if __name__ == "__main__":
    unittest.main()
