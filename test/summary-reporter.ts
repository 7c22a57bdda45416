import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/**
 * Prints why tests were skipped and, as the very last line of stdout, how many passed and failed. A file that could not
 * be loaded and an error outside any test count as failed.
 */
export class SummaryReporter implements Reporter {
  #filtered = false;

  onInit({ config }: Vitest): void {
    this.#filtered = config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const suites = modules.flatMap((module) => [...module.children.allSuites()]);
    const broken = [...modules, ...suites].filter((part) => part.errors().length > 0).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const lines = [
      ...(this.#filtered ? [] : skipped.map((test) => `skipped: ${test.fullName}: ${reason(test)}`)),
      [
        `${count('passed')} passed`,
        `${count('failed') + broken + unhandledErrors.length} failed`,
        ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
      ].join(', '),
    ];
    // Other reporters, coverage and the closing of the workers may still print.
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

function reason(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' && result.note) || `no reason given (${test.options.mode})`;
}
