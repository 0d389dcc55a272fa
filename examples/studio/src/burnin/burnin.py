#!/usr/bin/env python3
"""The text that is written over a picture: burnin SHOT FRAME RATE"""

import sys

from timecode import timecode

shot, frame, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print(f"{shot}  {frame}  {timecode(frame, rate)}")
