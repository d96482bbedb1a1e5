import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseServerUri } from '../../shared/config/uri.js';
import { cliStarter, type CliOptions, type Ended } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const run = (words: readonly string[], options?: CliOptions): Promise<Ended> => start(words, options).ended;
const directory = temporaryDirectories();

const key = encodeURIComponent(canaryKey);
const raw = `halflight://2022-blake3-aes-256-gcm:${key}@vpn.example.com:443?auth=remote#home`;
const sip002 = 'ss://YWVzLTI1Ni1nY206aHVudGVyMi1jYW5hcnk@vpn.example.com:443#home';
const legacy = 'ss://YWVzLTI1Ni1nY206aHVudGVyMi1jYW5hcnlAdnBuLmV4YW1wbGUuY29tOjQ0Mw#home';
const ofHalflight = 'halflight://aes-256-gcm:hunter2-canary@vpn.example.com:443#home';

describe('halflight uri', () => {
  it('prints links of every form as ss://, also those on stdin', async () => {
    const input = `${legacy}\n\n  '${sip002}'\r\n${ofHalflight}\n`;
    const [fromInput, fromWords] = await Promise.all([
      run(['uri', '-'], { input }),
      run(['uri', legacy, sip002, ofHalflight]),
    ]);
    for (const { exitCode, stdout, stderr } of [fromInput, fromWords]) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${sip002}\n`.repeat(3) });
      expect(stderr).toMatch(/^halflight: warning: link 1: the form is an old one[^\n]*\n$/);
    }
  });

  it.each([
    ['ss', sip002],
    ['halflight', ofHalflight],
    ['legacy', legacy],
  ])('writes the form %s', async (form, expected) => {
    expect(await run(['uri', '--to', form, sip002])).toEqual({
      exitCode: 0,
      stdout: `${expected}\n`,
      stderr: '',
    });
  });

  it('warns of what is lost on the way, and refuses what cannot be said', async () => {
    const [lost, kept, unsayable] = await Promise.all([
      run(['uri', raw]),
      run(['uri', '--to', 'halflight', raw]),
      run(['uri', '--to', 'legacy', raw]),
    ]);
    expect(lost.stdout).toBe(`ss://2022-blake3-aes-256-gcm:${key}@vpn.example.com:443#home\n`);
    expect(lost.stderr).toContain('auth=remote is left out');
    expect(kept).toMatchObject({ stdout: `${raw}\n`, stderr: '' });
    expect(unsayable).toMatchObject({ exitCode: 78, stdout: '' });
    expect(unsayable.stderr).toContain('legacy form: expected a 2017 method');
  });

  it('explains without the key, in words and as an object', async () => {
    const [words, object] = await Promise.all([
      run(['uri', '--explain', '-'], { input: raw }),
      run(['uri', '--explain', '--json', '-'], { input: raw }),
    ]);
    expect(words.stdout).toContain('host    vpn.example.com, a name');
    expect(JSON.parse(object.stdout)).toEqual({
      link: `halflight://2022-blake3-aes-256-gcm:***@vpn.example.com:443?auth=remote#home`,
      wire: 'raw',
      method: '2022-blake3-aes-256-gcm',
      edition: 2022,
      host: 'vpn.example.com',
      port: 443,
      name: 'home',
      auth: 'remote',
    });
    for (const { stdout } of [words, object]) {
      expect(stdout).not.toContain(key);
      expect(stdout).not.toContain(canaryKey);
    }
  });

  it('prints an object with the whole link with --json', async () => {
    const { stdout } = await run(['uri', '--json', '--to', 'halflight', sip002, sip002]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ link: ofHalflight, name: 'home', port: 443 });
    expect(parseServerUri((JSON.parse(lines[1] ?? '') as { link: string }).link).wire).toBe('raw');
  });

  it('converts a link with a plugin, for it runs none', async () => {
    const dressed = sip002.replace('#', '/?plugin=obfs-local%3Bobfs%3Dhttp#');
    expect(await run(['uri', dressed])).toEqual({ exitCode: 0, stdout: `${dressed}\n`, stderr: '' });
    const checked = await run(['uri', '--first-packet-check', dressed]);
    expect(checked).toMatchObject({ exitCode: 78, stdout: '' });
    expect(checked.stderr).toContain('expected a link without a plugin, got obfs-local, which makes its own');
  });

  it('draws a code in the terminal, and names the link without its key', async () => {
    const { exitCode, stdout } = await run(['uri', '--qr', sip002]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ss:\/\/aes-256-gcm:\*\*\*@vpn\.example\.com:443#home\n/);
    expect(stdout.split('\n').filter((line) => /^[█▀▄ ]{30,}$/.test(line)).length).toBeGreaterThan(15);
  });

  it('writes a picture that only its owner can read, and never over a file', async () => {
    const folder = await directory();
    const file = path.join(folder, 'code.svg');
    expect(await run(['uri', '--svg', file, sip002])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await readFile(file, 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const there = path.join(folder, 'there');
    await writeFile(there, 'precious');
    const [over, nowhere, onStdout] = await Promise.all([
      run(['uri', '--svg', there, sip002]),
      run(['uri', '--svg', path.join(folder, 'no/code.svg'), sip002]),
      run(['uri', '--svg', '-', sip002]),
    ]);
    expect(over).toMatchObject({ exitCode: 78 });
    expect(over.stderr).toContain('expected a new file, got one that is there');
    expect(await readFile(there, 'utf8')).toBe('precious');
    expect(nowhere).toMatchObject({ exitCode: 78 });
    expect(onStdout.stdout).toBe(await readFile(file, 'utf8'));
  });

  it('prints nothing when some of several links are broken, and says which', async () => {
    const input = `${sip002}\nss://hunter2@h:1\nvmess://x\n`;
    const { exitCode, stdout, stderr } = await run(['uri', '-'], { input });
    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr).toContain('halflight: link 2: URI: expected METHOD:KEY');
    expect(stderr).toContain('halflight: link 3: URI: expected halflight:// or ss://');
    expect(stderr).not.toContain('hunter2');
  });

  it('says which of several links cannot be shown as it was asked to', async () => {
    const dressed = 'ss://aes-256-gcm:pw@h.example:1/?plugin=obfs-local';
    const { exitCode, stdout, stderr } = await run(['uri', sip002, dressed, '--to', 'legacy']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr).toContain('halflight: link 2: legacy form: expected no plugin, got one');
  });

  it.each([
    [['uri'], "missing required argument 'link'"],
    [['uri', '-'], 'expected a link on stdin, got none'],
    [['uri', '--qr', '--json', sip002], 'expected --qr or --json, got both'],
    [['uri', '--qr', '--svg', 'x', sip002], 'expected --qr or --svg, got both'],
    [['uri', '--explain', '--to', 'ss', sip002], 'expected --explain or --to, got both'],
    [['uri', '--svg', '-', sip002, sip002], '--svg: expected one link, got 2'],
    [['uri', '--to', 'ssr', sip002], '--to: expected one of ss, halflight, legacy'],
  ])('%j makes no sense', async (words, message) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('aHVudGVyMi');
  });
});
