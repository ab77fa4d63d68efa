"""RQ's own command line, with Django set up first."""

import sys

import django
from rq.cli import main

if __name__ == "__main__":
    django.setup()
    sys.exit(main())
