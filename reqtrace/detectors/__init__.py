"""All detectors, one file per kind of finding."""

from reqtrace.detectors.base import Detector
from reqtrace.detectors.connection_crossed import ConnectionCrossed
from reqtrace.detectors.context_crossed import ContextCrossed
from reqtrace.detectors.crossed import Crossed
from reqtrace.detectors.leftover import Leftover
from reqtrace.detectors.lost import Lost
from reqtrace.detectors.outlived import Outlived
from reqtrace.detectors.response_crossed import ResponseCrossed
from reqtrace.detectors.retained import Retained
from reqtrace.detectors.session_crossed import SessionCrossed
from reqtrace.detectors.swapped import Swapped

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
