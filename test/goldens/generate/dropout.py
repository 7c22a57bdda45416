"""What the encoders compute in training, with dropout that drops the same numbers everywhere.

    python dropout.py OUT      # torch, transformers, safetensors; OUT holds tiny-bert, tiny-distilbert, tiny-roberta

A number at flat index k of what is dropped stays where (7919 k mod 256) >= 256 rate. Rates: 0.25, and 0.5 on attention.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel


def dropout(x, p=0.5, training=True, inplace=False):
    if not training or p == 0:
        return x
    k = torch.arange(x.numel()).reshape(x.shape)
    return x * ((7919 * k) % 256 >= 256 * p) / (1 - p)


torch.nn.functional.dropout = dropout
torch.nn.Dropout.forward = lambda self, x: dropout(x, self.p, self.training)

for name in ["tiny-bert", "tiny-distilbert", "tiny-roberta"]:
    folder = Path(sys.argv[1]) / name
    rates = {"dropout": 0.25, "attention_dropout": 0.5} if "distil" in name else {
        "hidden_dropout_prob": 0.25, "attention_probs_dropout_prob": 0.5}
    config = AutoConfig.from_pretrained(folder, **rates)
    model = AutoModel.from_pretrained(folder, config=config, attn_implementation="eager").train()
    given = {key: value for key, value in load_file(folder / "forward.golden.safetensors").items()
             if key in ("input_ids", "attention_mask", "token_type_ids")}
    out = model(**{key: value.long() for key, value in given.items()}).last_hidden_state
    save_file({**given, "last_hidden_state": out.detach().contiguous()}, folder / "dropout.golden.safetensors")
    print(name, tuple(out.shape), float(out.std()))
