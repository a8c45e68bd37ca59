"""Mobile models that are more than a scripted module (Python 3.7, torch 1.6)."""

import torch

from common_compat import import_first
from lite_interpreter import mobile_optimizer
from common_values import numbers, with_numbers
from lite_modules import ConvRelu, ForMobile

tq = import_first(
    "torch.ao.quantization", "torch.quantization", having="get_default_qconfig"
)
bundled_inputs = import_first("torch.utils.bundled_inputs")


def with_bundled_inputs(module, inputs):
    """A scripted module that carries its own inputs."""
    scripted = torch.jit.script(module)
    bundled_inputs.augment_model_with_bundled_inputs(scripted, inputs)
    return scripted


def statically_quantized():
    """A convolution, a ReLU and a linear layer in 8 bits."""
    torch.backends.quantized.engine = "fbgemm"
    model = tq.QuantWrapper(with_numbers(ConvRelu()).eval())
    model.qconfig = tq.get_default_qconfig("fbgemm")
    prepared = tq.prepare(model)
    prepared(numbers(1, 1, 3, 3))
    return tq.convert(prepared)


def dynamically_quantized():
    """A linear layer with weights of 8 bits."""
    torch.backends.quantized.engine = "fbgemm"
    model = torch.nn.Sequential(with_numbers(torch.nn.Linear(4, 2)).eval())
    return tq.quantize_dynamic(model, {torch.nn.Linear})


def optimized_for_mobile():
    """With everything that optimize_for_mobile does: operators of XNNPACK."""
    return mobile_optimizer.optimize_for_mobile(torch.jit.script(for_mobile()))


def optimized_without_prepacking():
    """With what does not need XNNPACK: folded normalisation, no dropout, fused ReLU."""
    # The name was without a line in front until 1.12.
    types = getattr(torch._C, "_MobileOptimizerType", None)
    types = types or torch._C.MobileOptimizerType
    return mobile_optimizer.optimize_for_mobile(
        torch.jit.script(for_mobile()), {types.INSERT_FOLD_PREPACK_OPS}
    )


def for_mobile():
    """What is to be optimised."""
    return with_numbers(ForMobile()).eval()


def lacks_xnnpack():
    """Whether this build of torch was made without XNNPACK."""
    schemas = torch._C._jit_get_all_schemas()
    return all(schema.name != "prepacked::linear_clamp_run" for schema in schemas)
