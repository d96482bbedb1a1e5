import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSubscription } from '../../shared/config/sip008.js';
import { formatServerUri } from '../../shared/config/uri.js';
import { escapeControls } from '../../shared/observe/escape.js';
import { messageOf } from '../support/config.js';
import { goldenFolder, namesIn } from '../support/golden.js';

const golden = goldenFolder('subscriptions');
const good = namesIn(path.join(golden, 'good'), '.parsed.json');
const broken = namesIn(path.join(golden, 'broken'), '.message.txt');

/** As the file beside it says it: the servers as URIs. */
function read(folder: string, name: string): object {
  const bytes = readFileSync(path.join(golden, folder, `${name}.json`));
  const { servers, ...rest } = parseSubscription(bytes, { plugins: ['golden-plugin'] });
  return { servers: servers.map(formatServerUri), ...rest };
}

const secrets = /geheim|golden-golden|Z29sZGVu|Z2VoZWlt|12345/;

describe('golden subscriptions', () => {
  it.each(good)('%s means what stands beside it', (name) => {
    const expected: unknown = JSON.parse(
      readFileSync(path.join(golden, 'good', `${name}.parsed.json`), 'utf8'),
    );
    const got = read('good', name);
    expect(got).toEqual(expected);
    const { warnings } = got as { readonly warnings: readonly string[] };
    for (const warning of warnings) {
      expect(warning).not.toMatch(secrets);
      expect(escapeControls(warning)).toMatch(/^subscription:(?:\d+:\d+)? [^\n]+$/);
    }
  });

  it.each(broken)('%s is refused with the words beside it, in one line', (name) => {
    const expected = readFileSync(path.join(golden, 'broken', `${name}.message.txt`), 'utf8');
    const message = messageOf(() => read('broken', name));
    expect(`${message}\n`).toBe(expected);
    expect(message).toMatch(/^ConfigError: subscription:(?:\d+:\d+)? [^\n]+$/);
    expect(message).not.toMatch(secrets);
  });

  it('changes nothing outside of itself', () => {
    expect(Object.prototype).not.toHaveProperty('server_port');
    expect(Object.prototype).not.toHaveProperty('servers');
  });
});
