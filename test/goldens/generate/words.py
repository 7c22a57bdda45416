"""Texts in words: which token belongs to which word, and a classifier of tokens that trains.

    python words.py OUT      # torch, transformers, tokenizers, safetensors; OUT holds tiny-bert
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import ByteLevelBPETokenizer, processors
from transformers import AutoTokenizer, BertForTokenClassification, PreTrainedTokenizerFast, get_linear_schedule_with_warmup

out = Path(sys.argv[1])
texts = [["The", "soup", "was", "wonderful"], ["internationalization", "of", "naïve", "café-tokenizers", ""],
         ["😀", "drink"], ["word"] * 40]
labels = [[0, 1, 0, 2], [2, 0, 1, 2, 0], [0, 1], [i % 3 for i in range(40)]]


def aligned(tok, length):
    e = tok(texts, is_split_into_words=True, truncation=True, max_length=length)
    rows = []
    for i, ids in enumerate(e["input_ids"]):
        words = [-1 if w is None else w for w in e.word_ids(i)]
        own = [labels[i][w] if w >= 0 and (at == 0 or words[at - 1] != w) else -1 for at, w in enumerate(words)]
        rows.append({"input_ids": ids, "words": words, "labels": own})
    return rows


# RoBERTa's kind of pieces: a word begins with a space.
raw = ByteLevelBPETokenizer(add_prefix_space=True)
raw.train_from_iterator([" ".join(t) for t in texts] * 3, vocab_size=290, show_progress=False,
                        special_tokens=["<s>", "<pad>", "</s>", "<unk>"])
raw._tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=True)
pieces = PreTrainedTokenizerFast(tokenizer_object=raw._tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
                                 unk_token="<unk>", add_prefix_space=True, model_max_length=32)
(out / "byte-pieces").mkdir(exist_ok=True)
raw._tokenizer.save(str(out / "byte-pieces" / "tokenizer.json"))
json.dump({"pad_token": "<pad>", "model_max_length": 32}, open(out / "byte-pieces" / "tokenizer_config.json", "w"))

bert = AutoTokenizer.from_pretrained(out / "tiny-bert")
rows = aligned(bert, 32)
json.dump({"texts": texts, "targets": labels, "tiny-bert": rows, "byte-pieces": aligned(pieces, 32)},
          open(out / "words.golden.json", "w"), ensure_ascii=False)

torch.manual_seed(3)
model = BertForTokenClassification.from_pretrained(out / "tiny-bert", num_labels=3, hidden_dropout_prob=0.0,
                                                   attention_probs_dropout_prob=0.0)
longest = max(len(r["input_ids"]) for r in rows)
pad = lambda row, value: row + [value] * (longest - len(row))
ids = torch.tensor([pad(r["input_ids"], 0) for r in rows])
mask = torch.tensor([pad([1] * len(r["input_ids"]), 0) for r in rows])
y = torch.tensor([pad(r["labels"], -100) for r in rows])
y[y == -1] = -100
start = {"start." + k: v.clone() for k, v in model.classifier.state_dict().items()}
params = [p for p in model.parameters()]
opt = torch.optim.AdamW([{"params": [p for p in params if p.ndim > 1], "weight_decay": 0.01},
                         {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0}], lr=2e-3, eps=1e-8)
sched = get_linear_schedule_with_warmup(opt, 2, 8)
losses = []
for _ in range(8):
    loss = model(input_ids=ids, attention_mask=mask, labels=y).loss
    opt.zero_grad(); loss.backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    opt.step(); sched.step(); losses.append(float(loss))
with torch.no_grad():
    done = model(input_ids=ids, attention_mask=mask, labels=y)
keep = y != -100
save_file({**start, **{k: v.contiguous() for k, v in model.classifier.state_dict().items()}, "losses": torch.tensor(losses),
           "loss": done.loss.reshape(1), "scores": done.logits.softmax(-1)[keep].contiguous(),
           "accuracy": (done.logits.argmax(-1) == y)[keep].float().mean().reshape(1)},
          out / "tiny-bert" / "train-tokens.golden.safetensors")
print(losses, float(done.loss), int(keep.sum()))
