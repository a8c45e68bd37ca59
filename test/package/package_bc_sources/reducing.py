"""An object that says how it is packaged."""


class Worded:
    """Keeps its words as a text of their own in the package."""

    def __init__(self, words):
        self.words = words

    def __reduce_package__(self, exporter):
        name = f"words_{exporter.get_unique_id()}.txt"
        exporter.save_text("worded", name, " ".join(self.words))
        return read_worded, (name,)


def read_worded(importer, name):
    """The object whose words have this name in the package."""
    return Worded(importer.load_text("worded", name).split())
