/** How the shells set and unset an environment variable. */

export type ShellName = 'sh' | 'fish' | 'powershell' | 'cmd';

interface Shell {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
}

/** A row for each shell. Values may hold anything but, for `cmd`, quotes and line ends, which it cannot express. */
const dialects: Readonly<Record<ShellName, Shell>> = {
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

export const shells = Object.keys(dialects) as readonly ShellName[];

/** The line that sets an environment variable for that shell and all that it starts. */
export function setLine(shell: ShellName, name: string, value: string): string {
  return dialects[shell].set(name, value);
}

/** The line that takes the variable away again. */
export function unsetLine(shell: ShellName, name: string): string {
  return dialects[shell].unset(name);
}

/** The shell whose program is at `path`, as SHELL has it; `sh` for those that understand the same lines, and others. */
export function shellAt(path: string | undefined): ShellName {
  const name = /([^/\\]*?)(?:\.exe)?$/i.exec(path ?? '')?.[1]?.toLowerCase();
  if (name === 'fish') return 'fish';
  return name === 'pwsh' || name === 'powershell' ? 'powershell' : 'sh';
}
