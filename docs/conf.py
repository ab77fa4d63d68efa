"""How the documentation becomes a site: Sphinx with furo, from the Markdown beside this file."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
author = "the reqtrace maintainers"
extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["*.py"]
myst_heading_anchors = 4
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = False
html_theme = "furo"
html_title = "reqtrace"
html_copy_source = False
suppress_warnings = ["misc.highlighting_failure"]  # what is shown as JSON or Python may leave something out with dots
