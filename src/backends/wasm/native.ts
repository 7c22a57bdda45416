import { TransferError } from '../../core/errors.ts';
import { binaries } from './binaries.ts';
import { bytesOf, forThreads } from './builds.ts';
import { guardHeap, type WasmBackend } from './heap.ts';

/** The geometry of a convolution, as the kernels take it. */
export type Geometry = readonly [
  height: number,
  width: number,
  channels: number,
  outHeight: number,
  outWidth: number,
  kernelHeight: number,
  kernelWidth: number,
  strideY: number,
  strideX: number,
  dilationY: number,
  dilationX: number,
  top: number,
  left: number,
];

type Product = [tile: number, scratch: number, pixels: number, outChannels: number, ...Geometry];
type Depthwise = [batch: number, multiplier: number, ...Geometry];
type Widened = [
  band: number,
  held: number,
  scratch: number,
  inChannels: number,
  outChannels: number,
  batch: number,
  ...Geometry,
];
type Bounded = [low: number, high: number, seen: number];
type Through = [seen: number, low: number, high: number];
type Rows = [rows: number, width: number, epsilon: number];
type Clamped = [bias: number, low: number, high: number];

/** What kernels/index.ts exports, where it is described. Addresses are offsets on the heap; `bias` 0 is none. */
export interface NativeKernels {
  pack(from: number, to: number, k: number, n: number, row: number, column: number): void;
  product(
    a: number,
    row: number,
    column: number,
    packed: number,
    c: number,
    m: number,
    k: number,
    n: number,
    bias: number,
    adds: number,
    low: number,
    high: number,
    scratch: number,
  ): void;
  boundsGradient(dy: number, y: number, to: number, numbers: number, low: number, high: number): void;
  adam(
    gradient: number,
    parameter: number,
    mean: number,
    square: number,
    toUpdate: number,
    toMean: number,
    toSquare: number,
    numbers: number,
    beta1: number,
    beta2: number,
    fresh1: number,
    fresh2: number,
    epsilon: number,
    factor: number,
    decay: number,
  ): void;
  squareSum(from: number, to: number, numbers: number): void;
  gelu(from: number, to: number, numbers: number): void;
  geluGradient(dy: number, from: number, to: number, numbers: number): void;
  layerNorm(x: number, gamma: number, beta: number, y: number, ...rest: Rows): void;
  layerNormGradient(dy: number, x: number, gamma: number, to: number, ...rest: Rows): void;
  layerNormScaleGradient(dy: number, x: number, to: number, ...rest: Rows): void;
  swapAxes(from: number, to: number, outer: number, m: number, n: number, row: number): void;
  scratchOf(n: number): number;
  bandOf(
    after: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    strideY: number,
    dilationY: number,
  ): number;
  tileOf(taps: number): number;
  filterTileOf(taps: number): number;
  convolve(x: number, packed: number, y: number, ...rest: [...Clamped, ...Product]): void;
  filterGradient(x: number, dy: number, gradient: number, packed: number, adds: number, ...rest: Product): void;

  inputGradient(dy: number, packed: number, gradient: number, ...rest: [...Through, ...Product]): void;
  depthwise(x: number, filter: number, y: number, bias: number, ...rest: [...Bounded, ...Depthwise]): void;
  turned(
    from: number,
    to: number,
    kernelHeight: number,
    kernelWidth: number,
    strideY: number,
    strideX: number,
    channels: number,
  ): void;
  depthwiseFilterGradient(x: number, dy: number, gradient: number, ...rest: Depthwise): void;
  widened(
    x: number,
    packed: number,
    filter: number,
    projection: number,
    y: number,
    ...rest: [...Clamped, ...Clamped, ...Clamped, ...Widened]
  ): void;
  depthwiseInputGradient(
    dy: number,
    filter: number,
    turned: number,
    gradient: number,
    ...rest: [...Through, ...Depthwise]
  ): void;
}

/** The module for a heap that one thread has, and for one that threads share. */
const modules = new Map<'own' | 'shared', WebAssembly.Module>();
const instances = new WeakMap<WebAssembly.Memory, NativeKernels>();

/**
 * Compiles the kernels, once: the build with fused multiply-adds (relaxed SIMD) where the engine has them.
 *
 * @throws TransferError `UNSUPPORTED` where the engine has no SIMD.
 */
export async function compileKernels(): Promise<void> {
  if (modules.size > 0) return;
  const relaxed = await bytesOf(binaries.relaxed);
  const own = WebAssembly.validate(relaxed) ? relaxed : await bytesOf(binaries.simd);
  if (!WebAssembly.validate(own)) {
    throw new TransferError(
      'UNSUPPORTED',
      'wasm() needs WebAssembly SIMD, and this engine has none (browsers have it since 2023, Node since 16.4). ' +
        'Use webgl() or cpu() here.',
    );
  }
  const [forOwn, forShared] = await Promise.all(
    [own, forThreads(own)].map((bytes) => (WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : undefined)),
  );
  modules.set('own', forOwn as WebAssembly.Module);
  if (forShared) modules.set('shared', forShared);
}

/**
 * Returns the kernels on a backend's heap.
 *
 * @param backend The backend. {@link compileKernels} must have run.
 */
export function kernelsOn(backend: WasmBackend): NativeKernels {
  const { asm, wasmMemory } = backend.wasm;
  // tfjs' threaded build imports its memory, and does not have it among its exports.
  const memory =
    wasmMemory ?? (Object.values(asm).find((item) => item instanceof WebAssembly.Memory) as WebAssembly.Memory);
  let kernels = instances.get(memory);
  if (!kernels) {
    const isShared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
    const module = modules.get(isShared ? 'shared' : 'own') as WebAssembly.Module;
    kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as NativeKernels;
    instances.set(memory, kernels);
    guardHeap(backend);
  }
  return kernels;
}
