"""Run by the runtime's Python in a folder with the unpacked package: start both handlers once and call them.

Stands alone: neither LoopGenie nor `deploy` is there but what the package brought. Reads `calls.json`, writes
`answers.json`. `runtime` stands for what Lambda's runtime brings itself: boto3.
"""

import importlib
import json
import sys
import time
from pathlib import Path

FOLDER = Path.cwd()
sys.path[:0] = [str(FOLDER / "task")]
sys.path.append(str(FOLDER / "runtime"))

asked = json.loads((FOLDER / "calls.json").read_text("utf-8"))
answers = []
for name in asked["handlers"]:
    module, _, function = name.partition(".")
    began = time.perf_counter()
    handler = getattr(importlib.import_module(module), function)
    init_s = time.perf_counter() - began
    for event in asked["events"]:
        began = time.perf_counter()
        returned = handler(event, None)
        answers.append({"handler": name, "init_s": init_s, "s": time.perf_counter() - began, "returned": returned})
(FOLDER / "answers.json").write_text(json.dumps(answers), "utf-8")
