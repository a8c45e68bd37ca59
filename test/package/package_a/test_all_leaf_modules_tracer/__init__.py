"""A tracer of torch.fx; a folder for the reason that test_module is one."""

from torch.fx import Tracer


class TestAllLeafModulesTracer(Tracer):
    """Looks into no module."""

    def is_leaf_module(self, m, module_qualified_name):
        return True
