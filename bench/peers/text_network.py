"""Writes a text encoder of a Hugging Face folder, with the mean over its tokens, as ONNX: text_network.py folder file"""

import sys

import torch
from transformers import AutoModel

folder, file = sys.argv[1:3]


class Mean(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, dtype=torch.float32)

    def forward(self, ids, mask, types):
        top = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        weights = mask.unsqueeze(-1).float()
        return (top * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


ones = torch.ones(2, 128, dtype=torch.long)
torch.onnx.export(
    Mean().eval(),
    (ones, ones, torch.zeros_like(ones)),
    file,
    input_names=["ids", "mask", "types"],
    dynamo=True,
    external_data=False,
    dynamic_shapes=[{0: "batch"}] * 3,
)
