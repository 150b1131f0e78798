"""Fixtures of the command line's live verbs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mp_server.fixtures import running_service, service

__all__ = ["running_service", "service"]
