# Owner(s): ["oncall: quantization"]

"""Quantized modules, observers and packages that earlier releases saved.

The goldens lie in ``test/quantization/serialized/<release>/``; common_utils.py
says how they are written.  ``expected.npz`` is the judge of everything,
``expected.pt`` included.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_golden import (  # noqa: E402
    checked_file,
    load_provenance,
    release_folders,
)
from common_utils import golden, golden_folder, run_tests  # noqa: E402
from conv_packed_params import (  # noqa: E402
    convert_to_version_3,
    packed_params_versions,
)
from quantized_engines import (  # noqa: E402
    FLOAT_KERNELS,
    dynamic_tolerance,
    only_fbgemm,
    override_qengines,
    skip_without_dynamic_linear,
)
from quantized_models import (  # noqa: E402
    LSTMModule,
    LinearReLU,
    conv2d_model,
    nniq,
    nnq,
    nnqd,
    package_models,
    tq,
    with_parameters,
)
from serialization_test_case import (  # noqa: E402
    GRAPH_KINDS,
    OBSERVER_KINDS,
    OP_KINDS,
    PACKAGE_KINDS,
    SerializationTestCase,
)

VERSION_3_NOTE = (
    "the ConvPackedParams in scripted.pt and traced.pt were converted from version 2, "
    "which the release wrote, to version 3, which it reads and no release writes"
)


class TestSerialization(SerializationTestCase):
    """Backward compatibility for serialization and numerics."""

    golden_folder = "../serialized"

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_linear(self):
        """A quantized Linear."""
        module = with_parameters(nnq.Linear(3, 1, bias_=True), (1, 3))
        self._test_op(module, input_size=[1, 3])

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_linear_relu(self):
        """A quantized Linear fused with ReLU."""
        module = with_parameters(nniq.LinearReLU(3, 1, bias=True), (1, 3))
        self._test_op(module, input_size=[1, 3])

    @golden(
        since="1.3.0", kinds=OP_KINDS, subnames={"qint8": "1.3.0", "float16": "1.5.0"}
    )
    @override_qengines
    def test_linear_dynamic(self):
        """A dynamically quantized Linear, weights in int8 or (fbgemm) float16."""
        skip_without_dynamic_linear(self)
        module = with_parameters(nnqd.Linear(3, 1, bias_=True), (1, 3))
        self._test_op(
            module,
            "qint8",
            input_size=[1, 3],
            input_quantized=False,
            prec=dynamic_tolerance(),
        )
        on_fbgemm = torch.backends.quantized.engine == "fbgemm"
        if on_fbgemm and self.has_subname("float16"):
            module = nnqd.Linear(3, 1, bias_=True, dtype=torch.float16)
            module = with_parameters(module, (1, 3), quantized=False)
            self._test_op(module, "float16", input_size=[1, 3], input_quantized=False)

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_conv2d(self):
        """A quantized Conv2d."""
        module = with_parameters(nnq.Conv2d(3, 3, kernel_size=3), (3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6])

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_conv2d_nobias(self):
        """A quantized Conv2d without bias."""
        module = nnq.Conv2d(3, 3, kernel_size=3, bias=False)
        module = with_parameters(module, (3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6])

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_conv2d_relu(self):
        """A quantized Conv2d fused with ReLU."""
        module = with_parameters(nniq.ConvReLU2d(3, 3, kernel_size=3), (3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6])

    @golden(since="1.4.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_conv3d(self):
        """A quantized Conv3d."""
        module = with_parameters(nnq.Conv3d(3, 3, kernel_size=3), (3, 3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6, 6])

    @golden(since="1.4.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_conv3d_relu(self):
        """A quantized Conv3d fused with ReLU."""
        module = nniq.ConvReLU3d(3, 3, kernel_size=3)
        module = with_parameters(module, (3, 3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6, 6])

    @golden(since="1.6.0", until="1.6.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_graph(self):
        """A Conv2d in graph mode, ConvPackedParams version 1."""
        self._test_op_graph(conv2d_model(bias=True), input_size=[1, 3, 6, 6])

    @golden(since="1.6.0", until="1.6.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_nobias_graph(self):
        """A Conv2d without bias in graph mode, ConvPackedParams version 1."""
        self._test_op_graph(conv2d_model(bias=False), input_size=[1, 3, 6, 6])

    @golden(since="1.7.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_graph_v2(self):
        """A Conv2d in graph mode, ConvPackedParams version 2."""
        self._test_op_graph(conv2d_model(bias=True), input_size=[1, 3, 6, 6])

    @golden(since="1.7.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_nobias_graph_v2(self):
        """A Conv2d without bias in graph mode, ConvPackedParams version 2."""
        self._test_op_graph(conv2d_model(bias=False), input_size=[1, 3, 6, 6])

    @golden(since="1.10.0", kinds=GRAPH_KINDS, notes={None: VERSION_3_NOTE})
    @override_qengines
    def test_conv2d_graph_v3(self):
        """A Conv2d in graph mode, ConvPackedParams version 3."""
        self._test_op_graph(
            conv2d_model(bias=True),
            input_size=[1, 3, 6, 6],
            new_zipfile_serialization=True,
            convert=convert_to_version_3,
        )

    @golden(since="1.10.0", kinds=GRAPH_KINDS, notes={None: VERSION_3_NOTE})
    @override_qengines
    def test_conv2d_nobias_graph_v3(self):
        """A Conv2d without bias in graph mode, ConvPackedParams version 3."""
        self._test_op_graph(
            conv2d_model(bias=False),
            input_size=[1, 3, 6, 6],
            new_zipfile_serialization=True,
            convert=convert_to_version_3,
        )

    def test_conv_packed_params_versions(self):
        """Each graph golden holds the version of ConvPackedParams it stands for."""
        versions = {
            "TestSerialization.test_conv2d_graph": 1,
            "TestSerialization.test_conv2d_nobias_graph": 1,
            "TestSerialization.test_conv2d_graph_v2": 2,
            "TestSerialization.test_conv2d_nobias_graph_v2": 2,
            "TestSerialization.test_conv2d_graph_v3": 3,
            "TestSerialization.test_conv2d_nobias_graph_v3": 3,
        }
        seen = set()
        for writer, folder in release_folders(golden_folder(self)).items():
            provenance = load_provenance(folder)
            for name in sorted(versions.keys() & provenance.goldens):
                for kind in ("scripted.pt", "traced.pt"):
                    with self.subTest(writer=writer, golden=name, file=kind):
                        path = checked_file(folder, provenance, name, kind)
                        found = packed_params_versions(path)
                        self.assertEqual([versions[name]], found)
                        seen.update(found)
        self.assertEqual({1, 2, 3}, seen)

    @golden(since="1.3.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_lstm(self):
        """A dynamically quantized LSTM, on AVX512_VNNI too.

        Since 1.6 such an LSTM keeps reduce_range=True: activations of 7 bits, so that
        the int16 sums of CPUs without VNNI cannot saturate either.  The published
        test, whose golden is older, is skipped on VNNI (pytorch/pytorch#59098).
        """
        self._test_op(
            tq.quantize_dynamic(LSTMModule().eval(), {torch.nn.LSTM}),
            input_size=[4, 4, 3],
            input_quantized=False,
            prec=FLOAT_KERNELS,
            new_zipfile_serialization=True,
        )

    @golden(since="1.3.0", kinds=OBSERVER_KINDS)
    def test_per_channel_observer(self):
        """The ranges that a per-channel observer has seen."""
        self._test_obs(tq.PerChannelMinMaxObserver(), input_size=[5, 5])

    @golden(since="1.3.0", kinds=OBSERVER_KINDS)
    def test_per_tensor_observer(self):
        """The range that a per-tensor observer has seen."""
        self._test_obs(tq.MinMaxObserver(), input_size=[5, 5])

    @golden(since="1.3.0", kinds=OBSERVER_KINDS)
    def test_default_qat_qconfig(self):
        """A model prepared for quantization-aware training."""
        model = LinearReLU()
        model.qconfig = tq.get_default_qat_qconfig("fbgemm")
        model = tq.prepare_qat(model.train())
        self._test_obs(model, input_size=[5, 5], check_numerics=False)

    @golden(since="1.11.0", kinds=PACKAGE_KINDS)
    def test_linear_relu_package_quantization_transforms(self):
        """A packaged float model gives today's FX quantization what it gave then."""
        module = package_models.LinearReluFunctional(4).eval()
        self._test_package(module, input_size=(1, 1, 4, 4))


if __name__ == "__main__":
    run_tests()
