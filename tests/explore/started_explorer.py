"""An explorer in a process of its own, as a user starts it."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Explorer:
    """A started explorer, its address and its folders."""

    folder: Path
    experiments: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = field(default=None, repr=False)
    address: str = ""

    def start(self) -> "Explorer":
        command = [sys.executable, "-c", "from screening.cli import main; main()", "explore", "--no-browser"]
        command += [
            "--port",
            "0",
            "--folder",
            str(self.folder),
            "--experiments",
            str(self.experiments),
            *self.options,
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ})
        line = self.process.stderr.readline()
        (self.address,) = re.findall(r"^(http://127\.0\.0\.1:\d+)/", line)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
