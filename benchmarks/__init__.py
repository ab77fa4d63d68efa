"""What reqtrace costs, beside its peers; `python -m benchmarks.overhead` is the one command."""
