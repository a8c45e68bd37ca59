"""Tests of the tools and of the suite's helper modules."""
