import { text } from 'node:stream/consumers';
import { pathWithHalflight } from './halves.js';
import { start } from './programs.js';

/** What came of a command. */
export interface Ran {
  readonly exitCode: number | null;
  readonly output: string;
  readonly complaint: string;
}

/**
 * Runs a script in `sh`, in `directory`, where it ends at the first command that fails. `halflight` is on its PATH, and
 * among its variables are those given and no settings of whoever runs the test.
 */
export async function shell(
  directory: string,
  script: string,
  variables: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const program = await start('sh', ['-euc', `cd "$0"\n${script}`, directory], {
    HOME: directory,
    PATH: await pathWithHalflight(),
    SHELL: '/bin/sh',
    ...variables,
  });
  program.input.end();
  const output = await text(program.output);
  const exitCode = await program.ended;
  return { exitCode, output, complaint: program.complaints().trim() };
}
