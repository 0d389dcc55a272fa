"""Plays the plugin's part of a transcript, and records what the host says."""

import json
import sys

transcript, record = sys.argv[1:]
with open(transcript) as lines, open(record, "w") as heard:
    for line in lines:
        entry = json.loads(line)
        if "plugin" in entry:
            print(json.dumps(entry["plugin"]), flush=True)
        else:
            heard.write(sys.stdin.readline())
            heard.flush()
    heard.write(sys.stdin.read())
