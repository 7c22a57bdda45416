"""What a contender in Python does, asked line by line, as serve.mjs has it."""

import json
import os
import resource
import sys
import time

import numpy as np

BENCH = os.path.join(os.path.dirname(__file__), "..", "..", "test", ".tmp", "bench")


def pictures():
    """Pixels [256, 224, 224, 3] as float32 from -1 to 1, and classes."""
    pixels = np.fromfile(os.path.join(BENCH, "pictures.bin"), np.uint8).reshape(-1, 224, 224, 3)
    labels = np.fromfile(os.path.join(BENCH, "labels.bin"), np.uint8).astype("int64")
    return (pixels.astype("float32") - 127) / 128, labels


kept = {}


def once(name, make):
    """Makes something the first time that it is asked for."""
    if name not in kept:
        kept[name] = make()
    return kept[name]


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def answer(value):
    print(json.dumps(value), flush=True)


def serve(about, tasks):
    answer({"about": about, "tasks": list(tasks)})
    for line in sys.stdin:
        try:
            seconds = tasks[json.loads(line)["task"]]()
            answer({"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
        except Exception as error:  # the benchmark goes on without this row
            answer({"error": f"{type(error).__name__}: {error}"})
