"""The networks of test_script_networks.py: layers and what is built of them.

They are scripted or traced by the tests, which say from which release on that can be
done.  Runs on Python 3.7 with torch 1.0.
"""

import torch
import torch.nn.functional as F
from torch import nn

from common_values import numbers, with_numbers

# The inputs of InDimensions.
DIMENSIONS = (numbers(2, 2, 4), numbers(1, 2, 4, 4), numbers(1, 2, 3, 3, 3))


class Parallel(nn.Module):
    """Layers that all get the same tensor."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        results = []
        for layer in self.layers:
            results.append(layer(x))
        return results


class InDimensions(nn.Module):
    """Layers for one, two and three dimensions, each with a tensor of its own."""

    def __init__(self, one, two, three):
        super().__init__()
        self.one, self.two, self.three = one, two, three

    def forward(self, x, y, z):
        return self.one(x), self.two(y), self.three(z)


class Convolution(torch.jit.ScriptModule):
    """How a network was scripted before torch 1.2: a subclass with script methods."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2, momentum=0.5)
        self.linear = nn.Linear(8, 3)

    @torch.jit.script_method
    def features(self, x):
        return F.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)

    @torch.jit.script_method
    def forward(self, x):
        features = self.features(x)
        if bool(features.sum() > 100):
            features = -features
        return self.linear(features.reshape(x.size(0), -1))


class Residual(nn.Module):
    """A block whose input is added to what it computes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(2)

    def forward(self, x):
        y = F.relu(self.norm(self.conv(x)), inplace=True)
        return F.relu(y + x)


class Autoencoder(nn.Module):
    """A coder and a decoder with the same weight; the loss that it is trained by."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 2)
        self.decoder = nn.Linear(4, 2, bias=False)
        self.decoder.weight = self.encoder.weight
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        code = torch.relu(self.encoder(x))
        decoded = F.linear(code, self.decoder.weight.t(), self.bias)
        return decoded, F.mse_loss(decoded, x)


class Unpooling(nn.Module):
    """Pooling that tells the places of what it took, which are then put back."""

    def forward(self, x):
        pooled, indices = F.max_pool2d(x, [2, 2], return_indices=True)
        back = F.max_unpool2d(pooled, indices, [2, 2], [2, 2], [0, 0])
        return pooled, indices, back


class Embeddings(nn.Module):
    """Rows of a table, and sums, means and maxima of bags of them."""

    def __init__(self):
        super().__init__()
        self.rows = nn.Embedding(5, 4, padding_idx=0)
        self.sums = nn.EmbeddingBag(5, 4, mode="sum")
        self.means = nn.EmbeddingBag(5, 4, mode="mean")
        self.maxima = nn.EmbeddingBag(5, 4, mode="max")

    def forward(self, indices, offsets):
        flat = indices.reshape(-1)
        bags = self.sums(indices), self.means(flat, offsets), self.maxima(flat, offsets)
        return self.rows(indices), bags


class Bilinear(nn.Module):
    """Linear layers of one and of two inputs."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.unbiased = nn.Linear(2, 2, bias=False)
        self.bilinear = nn.Bilinear(3, 2, 2)

    def forward(self, x, y):
        return self.bilinear(x, y) + self.unbiased(self.linear(x))


class Recurrent(nn.Module):
    """An LSTM of two layers in two directions, and a GRU with the batch first."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 1, num_layers=2, bidirectional=True)
        self.gru = nn.GRU(3, 2, batch_first=True, bias=False)

    def forward(self, x):
        return self.lstm(x), self.gru(x)


class Simple(nn.Module):
    """A simple recurrent network."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 2, nonlinearity="relu")

    def forward(self, x):
        return self.rnn(x)


class Cells(nn.Module):
    """A step of each kind of recurrent network, with the state as argument."""

    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTMCell(3, 2), nn.GRUCell(3, 2)
        self.rnn = nn.RNNCell(3, 2)

    def forward(self, x, h):
        return self.lstm(x, (h, h + 1)), self.gru(x, h), self.rnn(x, h)


class Packed(nn.Module):
    """An LSTM over sequences of different lengths."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 2)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths)
        result, state = self.lstm(packed)
        return nn.utils.rnn.pad_packed_sequence(result), state


class Attention(nn.Module):
    """Attention of two heads."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x, mask):
        return self.attention(x, x + 1, x - 1, key_padding_mask=mask)


class Upsampling(nn.Module):
    """A picture made larger, in each way, and an axis of channels made to pixels."""

    def __init__(self):
        super().__init__()
        self.twice = nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False)
        self.to_size = nn.Upsample(size=(3, 5), mode="bilinear", align_corners=True)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x):
        nearest = F.interpolate(x, scale_factor=2.5)
        return nearest, self.twice(x), self.to_size(x), self.shuffle(x)


class Losses(nn.Module):
    """What networks are trained by: losses of real targets, of classes, of pairs."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -1.0, 2.0]))

    def forward(self, x, y, classes):
        x = x * self.weight
        real = F.smooth_l1_loss(x, y), F.kl_div(x, y.abs(), reduction="batchmean")
        of_classes = F.cross_entropy(x, classes, ignore_index=1, reduction="sum")
        return real, of_classes, F.triplet_margin_loss(x, y, y + 1, margin=2.0)


def convolutions():
    """Convolutions with groups, steps, gaps and borders."""
    return with_numbers(
        InDimensions(
            nn.Conv1d(2, 4, 3, padding=1, groups=2),
            nn.Conv2d(2, 1, 2, stride=2, dilation=2, bias=False),
            nn.Conv3d(2, 1, 2),
        )
    )


def transposed_convolutions():
    """Transposed convolutions."""
    return with_numbers(
        InDimensions(
            nn.ConvTranspose1d(2, 2, 2, stride=2, output_padding=1),
            nn.ConvTranspose2d(2, 2, 3, padding=1, groups=2),
            nn.ConvTranspose3d(2, 1, 2, bias=False),
        )
    )


def padded_convolutions():
    """Convolutions whose border is not of zeros."""
    modes = "circular", "reflect", "replicate"
    return with_numbers(
        Parallel(*(nn.Conv2d(2, 1, 3, padding=1, padding_mode=m) for m in modes))
    )


def same_convolutions():
    """Convolutions that work out their padding, also an uneven one."""
    return with_numbers(
        Parallel(nn.Conv2d(2, 1, (3, 2), padding="same"), nn.Conv2d(2, 1, 2, padding=0))
    )


def norms(momentum=0.5):
    """Batch normalisation, where the momentum is None by the number of batches."""
    return with_numbers(
        InDimensions(
            nn.BatchNorm1d(2, momentum=momentum),
            nn.BatchNorm2d(2, affine=False, track_running_stats=False),
            nn.BatchNorm3d(2, momentum=0.25),
        )
    )


def instance_norms():
    """Normalisation of each channel of each example."""
    return with_numbers(
        InDimensions(
            nn.InstanceNorm1d(2),
            nn.InstanceNorm2d(2, affine=True),
            nn.InstanceNorm3d(2, momentum=0.5, track_running_stats=True),
        )
    )


def other_norms():
    """Normalisation that keeps no statistics."""
    return with_numbers(
        Parallel(
            nn.LayerNorm([3, 3]),
            nn.GroupNorm(2, 4),
            nn.LocalResponseNorm(2),
        )
    )


def poolings():
    """Maxima and means of windows, of given and of adapted size."""
    return InDimensions(
        nn.Sequential(nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1)),
        Parallel(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True),
            nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False),
            nn.LPPool2d(1, 2),
        ),
        nn.Sequential(nn.AvgPool3d(2), nn.AdaptiveMaxPool3d(1)),
    )


def activations():
    """Functions of each element, or of a row, that torch 1.0 has."""
    return with_numbers(
        Parallel(
            *(nn.LeakyReLU(0.25), nn.PReLU(), nn.RReLU(0.25, 0.25), nn.CELU()),
            *(nn.Softplus(), nn.LogSigmoid(), nn.Hardtanh(-2.0, 2.0)),
            *(nn.Threshold(1.0, -7.0), nn.Softmax(1), nn.GLU(1)),
        )
    )


def newer_activations():
    """Those that came later."""
    return Parallel(
        *(nn.GELU(), nn.SiLU(), nn.Hardsigmoid(), nn.Hardswish(), nn.Mish()),
        nn.GELU(approximate="tanh"),
    )


def encoder_layer():
    """A layer of a transformer, without chance."""
    return with_numbers(nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0))
