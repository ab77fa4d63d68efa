"""Tests of reqtrace."""
