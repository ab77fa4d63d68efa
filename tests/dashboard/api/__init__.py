"""Tests of what the doors over HTTP answer."""
