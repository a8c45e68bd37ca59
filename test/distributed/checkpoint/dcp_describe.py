"""The Metadata of a checkpoint as plain data (Python 3.7, torch 1.0)."""

from common_objects import described

# What TensorProperties had from the start, and what came later.
_PROPERTIES = ("dtype", "layout", "requires_grad", "memory_format", "pin_memory")
_LATER_PROPERTIES = ("strides",)


def describe_metadata(metadata):
    """What a Metadata says of each entry, of its path in the state, of its place.

    Left out is what tells who saved when and where (``storage_meta``).
    """
    return {
        "entries": [
            [fqn, _entry(entry)] for fqn, entry in metadata.state_dict_metadata.items()
        ],
        "paths": described(metadata.planner_data),
        # Writers with two threads tell of their files in any order.
        "storage": sorted(
            (_index(index) + _place(place))
            for index, place in metadata.storage_data.items()
        ),
    }


def describe_later(metadata):
    """What came later than the rest: by name, if the writer knew it."""
    told = {}
    if getattr(metadata, "version", None) is not None:
        told["version"] = metadata.version
    for fqn, entry in metadata.state_dict_metadata.items():
        properties = getattr(entry, "properties", None)
        for name in _LATER_PROPERTIES:
            if getattr(properties, name, None) is not None:
                told[f"{fqn} {name}"] = described(getattr(properties, name))
    return told


def _entry(entry):
    """A TensorStorageMetadata or BytesStorageMetadata."""
    told = {"class": type(entry).__name__}
    if hasattr(entry, "properties"):
        told.update(
            properties={
                name: described(getattr(entry.properties, name)) for name in _PROPERTIES
            },
            size=described(entry.size),
            chunks=[
                [described(chunk.offsets), described(chunk.sizes)]
                for chunk in entry.chunks
            ],
        )
    return told


def _index(index):
    offset = None if index.offset is None else list(index.offset)
    # As text, so that the whole can be sorted.
    return [index.fqn, repr(offset), repr(index.index)]


def _place(place):
    return [place.relative_path, place.offset, place.length]
