"""Learning rates by step, from PyTorch's and Hugging Face's schedulers. python schedules.py OUT"""

import json
import os
import sys

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

STEPS = 20
SCHEDULES = {
    "oneCycle: max .1, total 20, pctStart .3, div 25, finalDiv 1e4, cosine": lambda o: OneCycleLR(o, 0.1, total_steps=STEPS),
    "cosine: base .1, warmup 4 of 20": lambda o: get_cosine_schedule_with_warmup(o, 4, STEPS),
    "linear: base .1, warmup 4 of 20": lambda o: get_linear_schedule_with_warmup(o, 4, STEPS),
    "fastai fit_one_cycle: max .1, total 20, pctStart .25, div 25, finalDiv 1e5 (as torch OneCycleLR computes it)": lambda o: OneCycleLR(
        o, 0.1, total_steps=STEPS, pct_start=0.25, final_div_factor=1e5 / 25
    ),
    "cosine annealing: base .1, period 20, min .01": lambda o: CosineAnnealingLR(o, STEPS, 0.01),
}


def trace(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule, rates = make(optimizer), []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


out = sys.argv[1]
os.makedirs(out, exist_ok=True)
with open(os.path.join(out, "schedules.golden.json"), "w") as file:
    json.dump({name: trace(make) for name, make in SCHEDULES.items()}, file, indent=1)
