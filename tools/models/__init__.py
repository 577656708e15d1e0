"""Networks and libraries behind the experts, one file each; a model loads when it is first used.

Nothing here reports home: the libraries that do so unless told otherwise are told before any of
them is imported.
"""

import os

SILENT = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY")
"""Environment variables by which libraries are asked to send nothing and keep no device id."""

for _name in SILENT:
    os.environ.setdefault(_name, "1")
