"""The page and the picture, in a real browser."""

import json
import shutil
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

from common_ledger import KnownBreak
from common_releases import ReleaseRange

from tools.matrix.cells import Cell, Reader
from tools.matrix.events import find_events
from tools.matrix.grid import KNOWN, LACKING, NEW, NEWER, READ, make_grids
from tools.matrix.report import page, picture
from tools.test import matrix_samples as samples
from tools.testing.records import SKIPPED

ROW = KnownBreak(
    "TestModules.test_linear(*",
    ReleaseRange.parse("1.0.1"),
    ReleaseRange.parse("1.4.0.."),
    "AttributeError",
    "Release 1.4 asks for <b>padding_mode</b>.",
    "pytorch/pytorch#1",
    2,
)
EVIL = "<img src=x onerror=document.title='run'>"


def sample_cells() -> list[Cell]:
    """Cells of each outcome, in two formats."""
    lacking = samples.cells_of(".", "2.0.1", "TestOptim.test_adam", parameters=())[0]
    lacking = replace(lacking, state=SKIPPED, message="lacks Adam")
    other = samples.cells_of(
        "  .x.", "2.0.1", message=EVIL, parameters=(("file", "state_dict.pt"),)
    )
    return [
        *samples.cells_of(".xxxx", "1.0.1"),
        *samples.cells_of("xxxx.", "2.13.0"),
        *samples.cells_of("..c..", "1.4.0", "TestModules.test_conv", "signal 11"),
        *other,
        lacking,
    ]


def sample_page(cells: list[Cell]) -> str:
    """The page of these cells."""
    grids = make_grids(cells, samples.RELEASES, [ROW])
    readers = [Reader(n, "e", {"torch": n, "git": "abc"}) for n in samples.RELEASES]
    return page(grids, readers, find_events(cells, samples.RELEASES, [ROW]))


class TestGrid(unittest.TestCase):
    """A square is the worst of its cells."""

    def test_outcomes(self) -> None:
        """Read, known, new, newer and lacking."""
        grids = make_grids(sample_cells(), samples.RELEASES, [ROW])
        outcome = {key[1:]: s.outcome for key, s in grids.squares.items() if key[0]}

        self.assertEqual(READ, grids.squares["nn module.pt", "1.0.1", "1.0.1"].outcome)
        self.assertEqual(KNOWN, grids.squares["nn module.pt", "1.0.1", "1.4.0"].outcome)
        self.assertEqual(NEW, grids.squares["nn module.pt", "1.4.0", "2.0.1"].outcome)
        self.assertEqual(NEWER, outcome["2.13.0", "1.0.1"])
        self.assertEqual(LACKING, grids.squares["nn", "2.0.1", "1.0.1"].outcome)

    def test_picture(self) -> None:
        """The picture is XML, and tells each square's share as text, too."""
        root = ElementTree.fromstring(
            picture(make_grids(sample_cells(), samples.RELEASES, [ROW]))
        )
        titles = [element.text for element in root.iter() if "title" in element.tag]

        self.assertIn("1.4.0 reads 0 of 1 cells of 1.0.1", titles)

    def test_order_of_reading(self) -> None:
        """The picture is the same in whatever order the cells were read."""
        one, other = (
            picture(make_grids(cells, samples.RELEASES, [ROW]))
            for cells in (sample_cells(), sample_cells()[::-1])
        )

        self.assertEqual(one, other)


@unittest.skipUnless(
    shutil.which("chromium") and shutil.which("chromedriver"),
    "no chromium and chromedriver here (Debian: apt install chromium-driver)",
)
class TestPage(unittest.TestCase):
    """What a user sees and does."""

    @classmethod
    def setUpClass(cls) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless", "--no-sandbox", "--disable-gpu"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(shutil.which("chromedriver"))
        cls.browser = webdriver.Chrome(options=options, service=service)
        cls.addClassCleanup(cls.browser.quit)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)

    def open(self, cells: list[Cell], width: int = 1200) -> None:
        path = self.folder / "page.html"
        path.write_text(sample_page(cells), encoding="utf-8")
        self.browser.set_window_size(width, 900)
        self.browser.get(path.as_uri())
        self.addCleanup(self.check_console)

    def check_console(self) -> None:
        self.assertEqual([], self.browser.get_log("browser"))

    def find(self, selector: str) -> list:
        return self.browser.find_elements("css selector", selector)

    def square(self, writer: str, reader: str):
        (found,) = self.find(
            f'#grid button[aria-label^="written by {writer}, read by {reader}:"]'
        )
        return found

    def choose(self, select: str, value: str) -> None:
        from selenium.webdriver.support.ui import Select

        Select(self.find(f"#{select}")[0]).select_by_value(value)

    def shown(self) -> int:
        return len(self.find("#grid button"))

    def test_squares(self) -> None:
        """Squares have sign, class and label of their worst outcome."""
        self.open(sample_cells())

        square = self.square("1.0.1", "1.4.0")
        self.assertEqual(("!", "known"), (square.text, square.get_attribute("class")))
        self.assertIn("as the ledger says", square.get_attribute("aria-label"))
        self.assertEqual("✗", self.square("1.4.0", "2.0.1").text)
        self.assertEqual("↑", self.square("2.13.0", "1.0.1").text)
        self.assertEqual(5, len(self.find("#legend li")))

    def test_details(self) -> None:
        """A click tells tests, error, cause, reference and the command."""
        self.open(sample_cells())

        self.square("1.0.1", "1.4.0").click()

        text = self.find("#details")[0].text
        for part in (
            "Written by 1.0.1, read by 1.4.0",
            "nn module.pt: 1 cells failed",
            samples.BROKEN,
            f"{ROW.cause} [{ROW.reference}]",
            "TestModules.test_linear",
            "python -m tools.matrix run --readers 1.4.0 --writers 1.0.1 --only TestMod",
        ):
            self.assertIn(part, text)

    def test_foreign_text_is_no_markup(self) -> None:
        """A message that looks like HTML stays text."""
        self.open(sample_cells())

        self.square("2.0.1", "2.6.0").click()

        self.assertIn(EVIL, self.find("#details")[0].text)
        self.assertTrue(self.browser.title.startswith("What each PyTorch"))

    def test_filters(self) -> None:
        """Area, format and outcome choose what is shown, in grid and events."""
        self.open(sample_cells())
        everything = self.shown()

        self.choose("format", "nn state_dict.pt")
        self.assertEqual(3, self.shown())
        self.choose("format", "")
        self.assertEqual(everything, self.shown())
        self.choose("outcome", "new")
        bright = self.find("#grid button:not(.dim)")
        self.assertEqual({"2.0.1", "2.6.0"},
                         {b.get_attribute("aria-label").split()[5].strip(",:")
                          for b in bright})  # fmt: skip
        self.assertIn("2 of 3 events", self.find("#events-count")[0].text)

    def test_keyboard(self) -> None:
        """Arrows move over the grid, Enter opens, Escape closes and goes back."""
        from selenium.webdriver.common.keys import Keys

        self.open(sample_cells())
        self.assertEqual(1, len(self.find('#grid button[tabindex="0"]')))
        first = self.square("1.0.1", "1.0.1")
        first.send_keys(Keys.ARROW_RIGHT)
        active = self.browser.switch_to.active_element
        self.assertEqual(self.square("1.0.1", "1.4.0"), active)
        active.send_keys(Keys.ENTER)
        self.assertTrue(self.find("#details")[0].is_displayed())
        active.send_keys(Keys.ESCAPE)
        self.assertFalse(self.find("#details")[0].is_displayed())
        self.assertEqual(active, self.browser.switch_to.active_element)

    def test_phone(self) -> None:
        """On a narrow screen the page does not scroll sideways; the grid does."""
        self.open(sample_cells(), width=500)
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True},
        )
        self.addCleanup(
            self.browser.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {}
        )
        self.browser.refresh()

        width = self.browser.execute_script(
            "return document.documentElement.scrollWidth"
        )
        self.assertLessEqual(width, 360)

    def test_no_cells(self) -> None:
        """A page without cells says so."""
        self.open([])

        self.assertTrue(self.find("#empty")[0].is_displayed())
        self.assertEqual(0, self.shown())

    def test_no_network(self) -> None:
        """The page names nothing to be loaded."""
        text = sample_page(sample_cells())
        data = text.partition('id="data">')[2].partition("</script>")[0]

        self.assertEqual(samples.BROKEN, json.loads(data)["events"][0]["error"])
        self.assertNotIn("http", text.replace("http://www.w3.org", ""))


if __name__ == "__main__":
    unittest.main()
