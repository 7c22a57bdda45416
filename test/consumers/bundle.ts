import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build, createLogger } from 'vite';
import webpack from 'webpack';

/** What a bundler made of an app. */
export interface Bundle {
  /** The folder to serve. */
  readonly site: string;
  /** The modules in it, relative to the app. */
  readonly modules: readonly string[];
  readonly warnings: readonly string[];
}

const modulesIn = (app: string, ids: readonly string[]) =>
  [...new Set(ids)].filter((id) => id.startsWith(sep)).map((id) => relative(app, id.split('?')[0] as string));

/**
 * Builds an app with Vite, for production.
 *
 * @param app The folder of the app.
 * @param page The name of its page, without `.html`.
 */
export async function bundleWithVite(app: string, page: string): Promise<Bundle> {
  const warnings: string[] = [];
  const logger = createLogger('silent');
  logger.warn = (message) => warnings.push(message);
  logger.warnOnce = logger.warn;
  const built = await build({
    root: app,
    configFile: false,
    logLevel: 'silent',
    mode: 'production',
    customLogger: logger,
    build: {
      // A slow machine is no fault of the app.
      rolldownOptions: { input: join(app, `${page}.html`), checks: { bundlerTimings: false } },
      chunkSizeWarningLimit: 10_000,
    },
  });
  const outputs = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
  const ids = outputs.flatMap((one) => (one.type === 'chunk' ? Object.keys(one.modules) : []));
  return { site: join(app, 'dist'), modules: modulesIn(app, ids), warnings };
}

/**
 * Builds an app with webpack, for production.
 *
 * @param app The folder of the app.
 * @param page The name of its page, without `.html`, and of its program.
 */
export async function bundleWithWebpack(app: string, page: string): Promise<Bundle> {
  const site = join(app, 'site');
  const compiler = webpack({
    context: app,
    mode: 'production',
    entry: `./${page}.js`,
    output: { path: site },
    // tfjs alone is larger than what webpack finds good for a page.
    performance: false,
  });
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  await new Promise<void>((resolve, reject) => compiler.close((error) => (error ? reject(error) : resolve())));
  const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
  if (errors.length > 0) throw new Error(`webpack: ${errors.map(({ message }) => message).join('\n')}`);
  mkdirSync(site, { recursive: true });
  writeFileSync(join(site, `${page}.html`), readFileSync(join(app, `${page}.html`)));
  const ids = [...(stats?.compilation.modules ?? [])].flatMap(resourcesOf);
  return { site, modules: modulesIn(app, ids), warnings: warnings.map(({ message }) => message) };
}

/** The files of a module of webpack, which may be several modules that it has joined to one. */
function resourcesOf(module: webpack.Module): string[] {
  const { modules, resource } = module as { readonly modules?: readonly webpack.Module[]; readonly resource?: string };
  return modules ? modules.flatMap(resourcesOf) : resource ? [resource] : [];
}
