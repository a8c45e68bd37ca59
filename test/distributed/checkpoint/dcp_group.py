"""A process group of one process, and tensors that it shares out to itself.

Runs on Python 3.7; without torch.distributed it can be imported.
"""

import contextlib
import os
from unittest import mock

from torch import distributed

from common_compat import import_first

# DTensor moved in 2.5; ShardedTensor never did.
_dtensor = import_first(
    "torch.distributed.tensor", "torch.distributed._tensor", having="DTensor"
)
_sharded = import_first("torch.distributed._shard.sharded_tensor")
_spec = import_first("torch.distributed._shard.sharding_spec")


# The first release in which a group can be ended safely.  Earlier ones may wait for
# ever for a thread of the group that itself waits for Python's lock: 2.5.1, 2.6.0 and
# 2.7.1 did within 50 groups, 2.8.0 and later not in a thousand.
SINCE_GROUP = "2.8.0"


@contextlib.contextmanager
def single_process_group():
    """A process group of this process alone, gone afterwards."""
    # The first DTensor imports torch._dynamo, which sets a variable.
    with mock.patch.dict(os.environ):
        distributed.init_process_group(
            "gloo", store=distributed.HashStore(), rank=0, world_size=1
        )
        try:
            yield
        finally:
            distributed.destroy_process_group()


def dtensor(tensor, replicated=False):
    """A DTensor of the tensor's elements, cut along the first dimension or copied."""
    mesh = _dtensor.DeviceMesh("cpu", [0])
    place = _dtensor.Replicate() if replicated else _dtensor.Shard(0)
    return _dtensor.DTensor.from_local(tensor, mesh, [place])


def sharded_tensor(tensor):
    """A ShardedTensor of the tensor's elements, whose only shard is here."""
    spec = _spec.ChunkShardingSpec(dim=0, placements=["rank:0/cpu"])
    sharded = _sharded.zeros(spec, *tensor.shape, dtype=tensor.dtype)
    sharded.local_shards()[0].tensor.copy_(tensor)
    return sharded


def local(value):
    """A state with what this process has of each distributed tensor."""
    if isinstance(value, dict):
        return {key: local(entry) for key, entry in value.items()}
    if isinstance(value, _sharded.ShardedTensor):
        shards = [
            [shard.tensor, shard.metadata.shard_offsets]
            for shard in value.local_shards()
        ]
        return {"ShardedTensor": shards, "shape": value.size()}
    if isinstance(value, _dtensor.DTensor):
        places = [str(place) for place in value.placements]
        return {"DTensor": value.to_local(), "shape": value.shape, "places": places}
    return value
