"""A module that needs the standard library."""

import collections
import json
import math
import os.path

import torch


class Counting(torch.nn.Module):
    """Counts, and makes text of it."""

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()
        self.seen = collections.OrderedDict()
        self.recent = collections.deque(maxlen=2)

    def forward(self, x):
        name = os.path.join("rows", str(x.shape[0]))
        self.counts[name] += 1
        self.seen[name] = math.floor(float(x.sum()))
        self.recent.append(name)
        return json.dumps([self.counts, self.seen, list(self.recent)])
