/** `halflight env`: the lines that send the programs of a shell through the local, or no longer. */
import { readOwnCredential } from '../shared/config/credentials.js';
import { proxyVariableNames, proxyVariables, readLocalPort } from '../shared/config/proxy-variables.js';
import { setLine, shellAt, type ShellName, unsetLine } from './shells.js';

/** Writes the lines to stdout. */
export function runEnv(flags: {
  readonly listen?: string;
  readonly auth?: string;
  readonly shell?: ShellName;
  readonly unset?: true;
}): void {
  const shell = flags.shell ?? shellAt(process.env['SHELL']);
  const lines =
    flags.unset === true
      ? proxyVariableNames.map((name) => unsetLine(shell, name))
      : proxyVariables(readLocalPort(flags.listen), readOwnCredential(flags.auth, process.env)).map(
          ([name, value]) => setLine(shell, name, value),
        );
  process.stdout.write(`${lines.join('\n')}\n`);
}
