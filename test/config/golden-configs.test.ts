import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isClassic } from '../../shared/config/classic.js';
import { readOurs } from '../../shared/config/file.js';
import { understand } from '../../shared/config/file-open.js';
import type { Half } from '../../shared/config/file-schema.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { ConfigError } from '../../shared/errors.js';
import { goldenFolder, namesIn } from '../support/golden.js';

const golden = goldenFolder('configs');
const variables = { GOLDEN_PASSWORD: 'from the environment' };
const good = namesIn(path.join(golden, 'good'), '.parsed.json');
const broken = namesIn(path.join(golden, 'broken'), '.message.txt');

/** What the file says to the half that its name begins with. */
function read(folder: string, name: string): Read {
  return readText(name, readFileSync(path.join(golden, folder, `${name}.json`)));
}

interface Read {
  readonly settings: object;
  readonly warnings: readonly string[];
}

function readText(name: string, bytes: Uint8Array): Read {
  const half: Half = name.startsWith('local') ? 'local' : 'remote';
  const file = parseJsonFile(`/golden/${name}.json`, bytes);
  const { settings, warnings } = understand({ file, mode: 0o600 }, half, variables);
  return { settings, warnings };
}

describe('golden config files', () => {
  it.each(good)('%s means what stands beside it', (name) => {
    const expected: unknown = JSON.parse(
      readFileSync(path.join(golden, 'good', `${name}.parsed.json`), 'utf8'),
    );
    expect(read('good', name)).toEqual(expected);
  });

  it.each(good)('%s means the same when it is written as ours, and nothing in that is ignored', (name) => {
    const { settings } = read('good', name);
    const ours = Buffer.from(JSON.stringify(settings));
    expect(isClassic(parseJsonFile('x.json', ours))).toBe(false);
    expect(readText(name, ours)).toEqual({ settings, warnings: [] });
  });

  it.each(broken)('%s is refused with the words beside it, in one line', (name) => {
    const expected = readFileSync(path.join(golden, 'broken', `${name}.message.txt`), 'utf8');
    let message = 'accepted';
    try {
      read('broken', name);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      // Which settings there are is not what these files are about.
      message = (error as ConfigError).message.replace(/known: [^)]*/, 'known: …');
    }
    expect(`${message}\n`).toBe(expected);
    expect(message).toMatch(/^\/golden\/[\w-]+\.json:\d+:\d+ [^\n]+$/);
    expect(message).not.toMatch(/geheim|golden-golden/);
  });

  it('changes nothing outside of itself', () => {
    expect(Object.prototype).not.toHaveProperty('allowPrivate');
  });

  it('shows a file of ours that was written for the other half', () => {
    const file = parseJsonFile('x.json', Buffer.from('{"open":true}'));
    expect(() => readOurs(file, 'remote')).toThrow(
      'open: expected a setting of a remote, got one of a local',
    );
  });
});
