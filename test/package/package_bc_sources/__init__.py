"""Sources that goldens of torch.package hold a copy of; small, and Python 3.7."""
