// Layer normalization over rows, and its gradients: a row stays in the first-level cache from pass to pass.
import { bytes } from './lanes';

@inline
function total(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

function meanOf(x: usize, width: i32): f32 {
  let sums = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= width; i += 4) sums = f32x4.add(sums, v128.load(x + bytes(i)));
  let sum = total(sums);
  for (; i < width; i++) sum += load<f32>(x + bytes(i));
  return sum / <f32>width;
}

/** One by the standard deviation. */
function scaleOf(x: usize, width: i32, mean: f32, epsilon: f32): f32 {
  const means = f32x4.splat(mean);
  let sums = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= width; i += 4) {
    const apart = f32x4.sub(v128.load(x + bytes(i)), means);
    sums = f32x4.add(sums, f32x4.mul(apart, apart));
  }
  let sum = total(sums);
  for (; i < width; i++) {
    const apart = load<f32>(x + bytes(i)) - mean;
    sum += apart * apart;
  }
  return <f32>1 / sqrt<f32>(sum / <f32>width + epsilon);
}

export function layerNorm(x: usize, gamma: usize, beta: usize, y: usize, rows: i32, width: i32, epsilon: f32): void {
  for (let row = 0; row < rows; row++, x += bytes(width), y += bytes(width)) {
    const mean = meanOf(x, width), scale = scaleOf(x, width, mean, epsilon);
    const means = f32x4.splat(mean), scales = f32x4.splat(scale);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + bytes(i)), means), scales);
      v128.store(y + bytes(i), f32x4.add(f32x4.mul(normal, v128.load(gamma + bytes(i))), v128.load(beta + bytes(i))));
    }
    for (; i < width; i++) {
      const normal = (load<f32>(x + bytes(i)) - mean) * scale;
      store<f32>(y + bytes(i), normal * load<f32>(gamma + bytes(i)) + load<f32>(beta + bytes(i)));
    }
  }
}

/** The gradient of x: `scale (g - mean(g) - normal mean(g normal))`, where g is the output's times gamma. */
export function layerNormGradient(
  dy: usize, x: usize, gamma: usize, to: usize, rows: i32, width: i32, epsilon: f32,
): void {
  for (let row = 0; row < rows; row++, x += bytes(width), dy += bytes(width), to += bytes(width)) {
    const mean = meanOf(x, width), scale = scaleOf(x, width, mean, epsilon);
    const means = f32x4.splat(mean), scales = f32x4.splat(scale);
    let sums = f32x4.splat(0), products = f32x4.splat(0);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const g = f32x4.mul(v128.load(dy + bytes(i)), v128.load(gamma + bytes(i)));
      const normal = f32x4.mul(f32x4.sub(v128.load(x + bytes(i)), means), scales);
      sums = f32x4.add(sums, g);
      products = f32x4.add(products, f32x4.mul(g, normal));
    }
    let sum = total(sums), product = total(products);
    for (; i < width; i++) {
      const g = load<f32>(dy + bytes(i)) * load<f32>(gamma + bytes(i));
      sum += g;
      product += g * ((load<f32>(x + bytes(i)) - mean) * scale);
    }
    sum /= <f32>width;
    product /= <f32>width;
    const all = f32x4.splat(sum), along = f32x4.splat(product);
    for (i = 0; i + 4 <= width; i += 4) {
      const g = f32x4.mul(v128.load(dy + bytes(i)), v128.load(gamma + bytes(i)));
      const normal = f32x4.mul(f32x4.sub(v128.load(x + bytes(i)), means), scales);
      v128.store(to + bytes(i), f32x4.mul(scales, f32x4.sub(f32x4.sub(g, all), f32x4.mul(normal, along))));
    }
    for (; i < width; i++) {
      const g = load<f32>(dy + bytes(i)) * load<f32>(gamma + bytes(i));
      const normal = (load<f32>(x + bytes(i)) - mean) * scale;
      store<f32>(to + bytes(i), scale * (g - sum - normal * product));
    }
  }
}

/** The gradient of gamma: the output's times the normal rows, summed over the rows. */
export function layerNormScaleGradient(dy: usize, x: usize, to: usize, rows: i32, width: i32, epsilon: f32): void {
  memory.fill(to, 0, bytes(width));
  for (let row = 0; row < rows; row++, x += bytes(width), dy += bytes(width)) {
    const mean = meanOf(x, width), scale = scaleOf(x, width, mean, epsilon);
    const means = f32x4.splat(mean), scales = f32x4.splat(scale);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + bytes(i)), means), scales);
      const at = to + bytes(i);
      v128.store(at, f32x4.add(v128.load(at), f32x4.mul(v128.load(dy + bytes(i)), normal)));
    }
    for (; i < width; i++) {
      const at = to + bytes(i);
      store<f32>(at, load<f32>(at) + load<f32>(dy + bytes(i)) * ((load<f32>(x + bytes(i)) - mean) * scale));
    }
  }
}
