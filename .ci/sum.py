"""Add up the closing lines of the suite and of the tools' tests, for .ci/run."""

import re
import sys


def suite_counts(text: str) -> tuple[int, int, int]:
    """Passed, failed and skipped of run_test.py's closing line; it must be there."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", text, re.M)
    passed, failed, skipped = found[-1]
    return int(passed), int(failed), int(skipped)


def unittest_counts(text: str) -> tuple[int, int, int]:
    """The same of unittest's closing lines."""
    ran = int(re.findall(r"^Ran (\d+) tests? in ", text, re.M)[-1])
    closing = re.findall(r"^(?:OK|FAILED)(?: \((.*)\))?$", text, re.M)[-1]
    counts = {name: int(n) for name, n in re.findall(r"([a-z ]+)=(\d+)", closing)}
    bad = ("failures", "errors", "unexpected successes")
    failed = sum(counts.get(name, counts.get(" " + name, 0)) for name in bad)
    skipped = counts.get("skipped", 0) + counts.get(" skipped", 0)
    return max(ran - failed - skipped, 0), failed, skipped


def main() -> int:
    """Print the sum; exit code 1 where a step failed (first argument)."""
    status, suite, tools = sys.argv[1:]
    with open(suite) as first, open(tools) as second:
        counts = zip(suite_counts(first.read()), unittest_counts(second.read()))
        passed, failed, skipped = (sum(pair) for pair in counts)
    if status != "0":
        failed = max(failed, 1)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
