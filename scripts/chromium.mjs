// The Chromium of tests and benchmarks: Debian's, or the one that CHROMIUM names, on a graphics adapter in software, which
// is the same on every machine, or with GRAPHICS=hardware on the machine's own.
export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const adapters = {
  software: ['--use-webgpu-adapter=swiftshader'],
  // Without a screen, Chromium on Linux leaves the graphics processor alone unless it is told of Vulkan.
  hardware:
    process.platform === 'linux'
      ? ['--ignore-gpu-blocklist', '--use-angle=vulkan', '--enable-features=Vulkan', '--disable-vulkan-surface']
      : [],
};

/** @type {keyof typeof adapters} */
export const graphics = process.env.GRAPHICS ?? 'software';
if (!Object.hasOwn(adapters, graphics)) throw new Error(`GRAPHICS is "software" or "hardware", not "${graphics}".`);

export const args = ['--no-sandbox', '--disable-quic', '--enable-unsafe-webgpu', ...adapters[graphics]];
