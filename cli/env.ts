/** `halflight env`: the lines that send the programs of a shell through the local, or no longer. */
import { readOwnCredential } from '../shared/config/credentials.js';
import { proxyVariableNames, proxyVariables, readLocalPort } from '../shared/config/proxy-variables.js';
import { escapeControls } from '../shared/observe/escape.js';
import { type Dialect, dialectOf, setLine, shellAt, type ShellName, shells, unsetLine } from './shells.js';

/** Writes the lines to stdout. */
export function runEnv(flags: {
  readonly listen?: string;
  readonly auth?: string;
  readonly shell?: ShellName;
  readonly unset?: true;
}): void {
  const shell = flags.shell === undefined ? ownDialect(process.env['SHELL']) : dialectOf(flags.shell);
  const lines =
    flags.unset === true
      ? proxyVariableNames.map((name) => unsetLine(shell, name))
      : proxyVariables(readLocalPort(flags.listen), readOwnCredential(flags.auth, process.env)).map(
          ([name, value]) => setLine(shell, name, value),
        );
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** That of the shell at `path`. For one that is not known, and that may well be much like sh, it is sh, with a warning. */
function ownDialect(path = ''): Dialect {
  const shell = path === '' ? 'sh' : shellAt(path);
  if (shell === undefined) {
    const line = `SHELL: expected one of ${shells.join(', ')}, got ${JSON.stringify(path)}`;
    process.stderr.write(
      `halflight: warning: ${escapeControls(line)}: these lines are for sh; see --shell\n`,
    );
  }
  return dialectOf(shell ?? 'sh');
}
