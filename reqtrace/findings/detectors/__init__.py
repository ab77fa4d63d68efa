"""All detectors, one file per kind of finding. Open `base.py` first, the contract."""

from reqtrace.findings.detectors.base import Detector
from reqtrace.findings.detectors.connection_crossed import ConnectionCrossed
from reqtrace.findings.detectors.context_crossed import ContextCrossed
from reqtrace.findings.detectors.crossed import Crossed
from reqtrace.findings.detectors.leftover import Leftover
from reqtrace.findings.detectors.lost import Lost
from reqtrace.findings.detectors.outlived import Outlived
from reqtrace.findings.detectors.response_crossed import ResponseCrossed
from reqtrace.findings.detectors.retained import Retained
from reqtrace.findings.detectors.session_crossed import SessionCrossed
from reqtrace.findings.detectors.swapped import Swapped

DETECTORS: tuple[Detector, ...] = (
    Crossed(),
    Leftover(),
    Lost(),
    Swapped(),
    SessionCrossed(),
    ResponseCrossed(),
    ContextCrossed(),
    ConnectionCrossed(),
    Outlived(),
    Retained(),
)
