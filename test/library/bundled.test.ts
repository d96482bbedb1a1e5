import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';

const built = path.resolve(import.meta.dirname, '../../dist/shared');

/** The module as it is in a bundle, which takes code along and nothing else; in one of CommonJS no module has a URL. */
async function bundled(url: string): Promise<typeof import('../../shared/net/unix-messages.js')> {
  const place = temporaryDirectory();
  const code = readFileSync(path.join(built, 'net/unix-messages.js'), 'utf8');
  expect(code).toContain('import.meta.url');
  mkdirSync(path.join(place, 'net'));
  cpSync(path.join(built, 'errors.js'), path.join(place, 'errors.js'));
  writeFileSync(path.join(place, 'package.json'), '{ "type": "module" }');
  const file = path.join(place, 'net/unix-messages.js');
  writeFileSync(file, code.replaceAll('import.meta.url', url));
  return (await import(pathToFileURL(file).href)) as typeof import('../../shared/net/unix-messages.js');
}

it.each([
  ['ESM', 'import.meta.url'],
  ['CommonJS', 'undefined'],
])('in a bundle, %s, only the unix socket of a manager is missing, and says so', async (_, url) => {
  const { hearUnix } = await bundled(url);
  const socket = path.join(temporaryDirectory(), 'manager.sock');
  await expect(hearUnix(socket, { received: () => undefined, warn: () => undefined })).rejects.toMatchObject({
    name: 'ConfigError',
    message:
      `manager socket ${socket}: expected unix-messages.pl beside the code, got none: ` +
      'name a UDP address such as 127.0.0.1:6001, or leave halflight out of the bundle',
  });
});
