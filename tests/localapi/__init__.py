"""Tests of localapi."""
