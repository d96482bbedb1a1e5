/** How the shells set and unset an environment variable. */

/** A way to write lines that several shells understand. */
export type Dialect = 'sh' | 'fish' | 'powershell' | 'cmd';

interface Lines {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
}

/** Values may hold anything but, for `cmd`, quotes and line ends, which it cannot express. */
const dialects: Readonly<Record<Dialect, Lines>> = {
  sh: {
    set: (name, value) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
    unset: (name) => `unset ${name}`,
  },
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replaceAll(/['\\]/g, '\\$&')}'`,
    unset: (name) => `set -eg ${name}`,
  },
  powershell: {
    // The curly quotes end a string there just as the straight one does.
    set: (name, value) => `$Env:${name} = '${value.replaceAll(/['\u2018-\u201b]/g, '$&$&')}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
  cmd: {
    set: (name, value) => `set "${name}=${value}"`,
    unset: (name) => `set "${name}="`,
  },
};

/** The names that shells go by. */
export type ShellName = Dialect | 'bash' | 'zsh' | 'dash' | 'ksh' | 'pwsh';

const spoken: Readonly<Record<ShellName, Dialect>> = {
  sh: 'sh',
  bash: 'sh',
  zsh: 'sh',
  dash: 'sh',
  ksh: 'sh',
  fish: 'fish',
  powershell: 'powershell',
  pwsh: 'powershell',
  cmd: 'cmd',
};

export const shells = Object.keys(spoken) as readonly ShellName[];

/** The line that sets an environment variable for that shell and all that it starts. */
export function setLine(dialect: Dialect, name: string, value: string): string {
  return dialects[dialect].set(name, value);
}

/** The line that takes the variable away again. */
export function unsetLine(dialect: Dialect, name: string): string {
  return dialects[dialect].unset(name);
}

/** What the shell of that name understands. */
export function dialectOf(shell: ShellName): Dialect {
  return spoken[shell];
}

/** The shell whose program is at `path`, as SHELL has it; undefined when it is none of ours. */
export function shellAt(path: string): ShellName | undefined {
  const name = /([^/\\]*?)(?:\.exe)?$/i.exec(path)?.[1]?.toLowerCase();
  return shells.find((shell) => shell === name);
}
