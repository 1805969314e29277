# SPDX-License-Identifier: MIT
"""libasl: American Sign Language fingerspelling from pictures."""

__version__ = "1.0.0"
