"""Many people at once against a project's own pages: whether anybody is taken for somebody else."""
