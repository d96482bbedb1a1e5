import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialectOf, setLine, shellAt, shells, unsetLine } from '../../cli/shells.js';

/** What a shell has in X after these lines. */
function valueAfter(lines: readonly string[], variables: Readonly<Record<string, string>> = {}): string {
  const script = [...lines, 'printf %s "${X-unset}"'].join('\n');
  return execFileSync('sh', ['-c', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...variables },
  });
}

describe('a line for sh', () => {
  it.each([
    "'",
    "a'b''c",
    '"; touch /tmp/x; "',
    '$(exit 1)`exit 2`',
    '\\',
    '-n',
    'two\nlines',
    '!x',
    '%41',
    '',
  ])('sets %j and nothing else', (value) => {
    expect(valueAfter([setLine('sh', 'X', value)])).toBe(value);
  });

  it('sets any text', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '"', '\\', '$', '`', '(', ')', ' ', '\n', '*', '#', 'a'),
    });
    fc.assert(
      fc.property(text, (value) => {
        expect(valueAfter([setLine('sh', 'X', value)])).toBe(value);
      }),
      { numRuns: 40 },
    );
  });

  it('exports, and takes away again', () => {
    expect(execFileSync('sh', ['-c', `${setLine('sh', 'X', 'y')}\nprintenv X`], { encoding: 'utf8' })).toBe(
      'y\n',
    );
    expect(valueAfter([unsetLine('sh', 'X')], { X: 'before' })).toBe('unset');
    expect(valueAfter([unsetLine('sh', 'X')])).toBe('unset');
  });
});

it('the lines for the other shells quote as those do', () => {
  const hostile = "a'b\\c$d";
  expect(setLine('fish', 'X', hostile)).toBe("set -gx X 'a\\'b\\\\c$d'");
  expect(setLine('powershell', 'X', hostile + '\u2019')).toBe("$Env:X = 'a''b\\c$d\u2019\u2019'");
  expect(setLine('cmd', 'X', 'a b&c%20')).toBe('set "X=a b&c%20"');
  expect(unsetLine('fish', 'X')).toBe('set -eg X');
  expect(unsetLine('powershell', 'X')).toBe('Remove-Item Env:X -ErrorAction SilentlyContinue');
  expect(unsetLine('cmd', 'X')).toBe('set "X="');
});

it.each([
  ['/usr/bin/fish', 'fish'],
  ['/bin/zsh', 'zsh'],
  ['/usr/bin/pwsh', 'pwsh'],
  ['C:\\Windows\\PowerShell.exe', 'powershell'],
  ['bash', 'bash'],
  ['/bin/csh', undefined],
  ['/bin/constructor', undefined],
  ['', undefined],
])('the shell at %j is %s', (path, shell) => {
  expect(shellAt(path)).toBe(shell);
});

it('shells that are much like sh get its lines, and pwsh those of powershell', () => {
  const spoken = Object.fromEntries(shells.map((shell) => [shell, dialectOf(shell)]));
  for (const shell of ['sh', 'bash', 'zsh', 'dash', 'ksh']) expect(spoken[shell]).toBe('sh');
  for (const shell of ['powershell', 'pwsh']) expect(spoken[shell]).toBe('powershell');
  for (const shell of ['fish', 'cmd']) expect(spoken[shell]).toBe(shell);
});
