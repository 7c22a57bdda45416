"""Adam and its first moment's decay under PyTorch's OneCycleLR, which cycles it. python one_cycle_momentum.py OUT"""

import json
import os
import sys

import torch

STEPS = 12
start = torch.tensor([1.0, -2.0, 0.5])
weight = torch.nn.Parameter(start.clone())
optimizer = torch.optim.Adam([weight], lr=0.1, betas=(0.9, 0.99), eps=1e-5)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS, base_momentum=0.85, max_momentum=0.95)
momentums, weights = [], []
for step in range(STEPS):
    momentums.append(optimizer.param_groups[0]["betas"][0])
    optimizer.zero_grad()
    # A bowl whose middle moves, so that the moments matter.
    ((weight - 0.1 * step) ** 2 * torch.tensor([1.0, 3.0, 0.2])).sum().backward()
    optimizer.step()
    weights.append(weight.tolist())
    schedule.step()

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
with open(os.path.join(out, "one-cycle-momentum.golden.json"), "w") as file:
    json.dump({"start": start.tolist(), "momentums": momentums, "weights": weights}, file, indent=1)
