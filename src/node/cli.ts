#!/usr/bin/env node
import { run } from './cli/run.ts';

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process as it would without us.
process.once('SIGINT', () => interruption.abort());
// `| head` closes the pipe early; that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  isTTY: process.stderr.isTTY ?? false,
  signal: interruption.signal,
});
