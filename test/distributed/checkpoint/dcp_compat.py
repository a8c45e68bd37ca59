"""Where releases of torch.distributed.checkpoint differ (Python 3.7, torch 1.0).

``checkpoint`` is that package, None before 1.12.  It is used here without a process
group, unless the test has one (dcp_group.py).
"""

import contextlib
import inspect
import logging
import warnings

import torch

from common_compat import import_first, load_golden, reader_has

# 1.12 and 1.13 had it as a prototype.
checkpoint = import_first(
    "torch.distributed.checkpoint", "torch.distributed._shard.checkpoint"
)
# The first release whose folder has one file for many tensors.  What 1.12 wrote is
# laid out in another way, see test_prototype_checkpoint.py.
SINCE = "1.13.0"
# The first release that flattens nested containers.
SINCE_NESTED = "2.0.0"

state_dict_functions = import_first("torch.distributed.checkpoint.state_dict")
format_utils = import_first("torch.distributed.checkpoint.format_utils")
_loader = import_first(
    "torch.distributed.checkpoint.state_dict_loader",
    "torch.distributed._shard.checkpoint.state_dict_loader",
)
# In 2.2 there are functions save and load, which ask for a process group.
HAS_LOAD = reader_has("2.3.0")
# Since 2.4 one can load what one names, without a state to load it into.
load_keys = getattr(_loader, "_load_state_dict_from_keys", None)


@contextlib.contextmanager
def quiet():
    """Let torch not tell, each time, that there is no process group.

    2.0 to 2.2 also log which duplicates they dropped.  What failed comes as the error
    that it was, and not wrapped into one that is no Exception.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*single process.*")
            warnings.filterwarnings("ignore", ".*deprecated.*")
            warnings.filterwarnings("ignore", ".*TypedStorage.*")
            yield
    except checkpoint.CheckpointException as error:
        raise _cause_of(error) from error
    finally:
        logging.disable(disabled)


def _cause_of(error):
    """What a CheckpointException, which is a BaseException, tells of the only rank."""
    (failure,) = error.failures.values()
    # With a traceback since 1.13.
    return failure[0] if isinstance(failure, tuple) else failure


def has_group():
    """Whether the test runs within a process group."""
    return torch.distributed.is_initialized()


def save(state, folder, planner=None, **options):
    """Save ``state`` as a checkpoint in ``folder``; its Metadata.

    ``options`` are those of FileSystemWriter.
    """
    # 1.13 makes a file for each tensor unless told not to.
    options.setdefault("single_file_per_rank", True)
    writer = checkpoint.FileSystemWriter(folder, **options)
    with quiet():
        if HAS_LOAD:
            return checkpoint.save(state, storage_writer=writer, planner=planner)
        return checkpoint.save_state_dict(
            state, writer, no_dist=not has_group(), planner=planner
        )


def load(state, folder, planner=None):
    """Load the checkpoint in ``folder`` into ``state``, by the function for users."""
    if not HAS_LOAD:
        return load_state_dict(state, folder, planner)
    reader = checkpoint.FileSystemReader(folder)
    with quiet():
        return checkpoint.load(state, storage_reader=reader, planner=planner)


def load_state_dict(state, folder, planner=None):
    """Load by the function that came first, and is deprecated since 2.2."""
    reader = checkpoint.FileSystemReader(folder)
    # 1.12 has no planners.
    options = {"planner": planner} if planner else {}
    with quiet():
        return checkpoint.load_state_dict(
            state, reader, no_dist=not has_group(), **options
        )


LOADERS = {"load": load}
if HAS_LOAD:
    LOADERS["load_state_dict"] = load_state_dict


def read_metadata(folder):
    """The Metadata of the checkpoint in ``folder``."""
    with quiet():
        return checkpoint.FileSystemReader(folder).read_metadata()


def with_storage(metadata, folder):
    """The Metadata that saving a checkpoint to ``folder`` returned, as a whole.

    2.10 and 2.11 return what they had before they wrote the files.
    """
    return read_metadata(folder) if metadata.storage_data is None else metadata


# Since 2.4.
HAS_PARTIAL_LOAD = "allow_partial_load" in (
    inspect.signature(getattr(checkpoint, "DefaultLoadPlanner", object)).parameters
)


def save_planner(**options):
    """A DefaultSavePlanner with those of the options that this torch has."""
    return _with_known_options(checkpoint.DefaultSavePlanner, options)


def load_planner(**options):
    """A DefaultLoadPlanner with those of the options that this torch has."""
    return _with_known_options(checkpoint.DefaultLoadPlanner, options)


def _with_known_options(planner, options):
    known = inspect.signature(planner).parameters
    return planner(**{k: v for k, v in options.items() if k in known})


def converted(folder, path):
    """What dcp_to_torch_save makes of a checkpoint, loaded from ``path``."""
    with quiet():
        format_utils.dcp_to_torch_save(folder, path)
    return load_golden(path)


def torch_save_to_dcp(path, folder):
    """Make a checkpoint of a file of torch.save; by hand before 2.3."""
    if format_utils is None:
        save(load_golden(path), folder)
        return
    with quiet():
        format_utils.torch_save_to_dcp(path, folder)


def load_whole(folder, keys=None):
    """What a checkpoint has under ``keys``, or all, without a state to load into."""
    reader = checkpoint.FileSystemReader(folder)
    with quiet():
        return load_keys(keys, storage_reader=reader)


def async_save(state, folder):
    """Save in another thread, and wait for it; the Metadata."""
    writer = checkpoint.FileSystemWriter(folder)
    with quiet():
        saving = checkpoint.async_save(state, storage_writer=writer)
        # Since 2.9 or so there may be two futures.
        return getattr(saving, "upload_completion", saving).result()


def load_torch_save(state, path):
    """Load a file of torch.save into ``state``, within a process group."""
    with quiet():
        checkpoint.load(
            state,
            storage_reader=format_utils.BroadcastingTorchSaveReader(path),
            planner=format_utils.DynamicMetaLoadPlanner(),
        )
