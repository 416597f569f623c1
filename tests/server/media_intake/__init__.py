"""Tests of `add_media`."""
