"""Fixtures of the live snapshots."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mp_server.fixtures import broken_bucket, bucket, running_service, service

__all__ = ["broken_bucket", "bucket", "running_service", "service"]
