"""Tests of the tools that are more than one call."""
