"""A package that tests put into a torch.package."""
