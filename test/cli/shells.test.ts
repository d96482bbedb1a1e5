import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setLine, shellAt, unsetLine } from '../../cli/shells.js';

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
  ['/bin/zsh', 'sh'],
  ['/usr/bin/pwsh', 'powershell'],
  ['C:\\Windows\\PowerShell.exe', 'powershell'],
  ['', 'sh'],
  [undefined, 'sh'],
])('the shell at %s understands lines for %s', (path, shell) => {
  expect(shellAt(path)).toBe(shell);
});
