"""Releases of torch, their environments, and the goldens that they write.

``python -m tools.golden --help`` lists the commands.
"""
