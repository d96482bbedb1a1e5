import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { content, digest, type Receipt } from './content.js';
import { askingDoors, doors, password, user } from './doors.js';
import { type Ran, shell } from './shell.js';
import { ownAddress, type Site, startSite } from './site.js';

interface Registry extends Site {
  readonly tarball: Receipt;
}

/** A registry of one package, `tiny`. */
async function startRegistry(): Promise<Registry> {
  const directory = temporaryDirectory();
  const root = join(directory, 'package');
  await mkdir(root);
  const own = { name: 'tiny', version: '1.0.0', description: 'what the test wants to have' };
  await writeFile(join(root, 'package.json'), JSON.stringify(own));
  await writeFile(join(root, 'filling'), Buffer.concat([...content(1_000_000, 1)]));
  expect(await shell(directory, 'tar -czf tiny.tgz package')).toMatchObject({ exitCode: 0 });
  const tarball = await readFile(join(directory, 'tiny.tgz'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const site = await startSite((request, response) => {
    if (request.url === '/tiny.tgz') {
      response.end(tarball);
      return;
    }
    if (request.url !== '/tiny') response.statusCode = 404;
    const dist = { tarball: `http://${request.headers.host ?? ''}/tiny.tgz`, integrity };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name: own.name,
        'dist-tags': { latest: own.version },
        versions: { [own.version]: { ...own, dist } },
      }),
    );
  }, ownAddress());
  return { ...site, tarball: await digest([tarball]) };
}

/** Runs a script with an npm that knows that registry, and nothing else of who runs the test. */
function npm(directory: string, { authority }: Registry, script: string, credentials?: string): Promise<Ran> {
  return shell(directory, script, {
    npm_config_registry: `http://${authority}/`,
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '0',
    npm_config_loglevel: 'error',
    ...(credentials !== undefined && { HALFLIGHT_AUTH: credentials }),
  });
}

const ways = {
  'halflight env': (port: string) => `
    eval "$(halflight env --listen ${port})"
    npm view tiny description
    npm pack tiny
  `,
  'halflight run': (port: string) => `
    halflight run --listen ${port} -- npm view tiny description
    halflight run --listen ${port} -- npm pack tiny
  `,
};
const rows = Object.entries(ways);
const seen = { exitCode: 0, output: 'what the test wants to have\ntiny-1.0.0.tgz\n', complaint: '' };

describe.each(Object.entries(doors))('npm over %s', (_name, startDoor) => {
  it.each(rows)('views and downloads a package by %s', async (_way, script) => {
    const door = await startDoor();
    const registry = await startRegistry();
    const directory = temporaryDirectory();
    expect(await npm(directory, registry, script(door.port))).toEqual(seen);
    expect(await digest([await readFile(join(directory, 'tiny-1.0.0.tgz'))])).toEqual(registry.tarball);
    await door.expectThrough(registry);
  });
});

describe.each(Object.entries(askingDoors))('npm at %s', (_name, startDoor) => {
  it('views and downloads a package with its password', async () => {
    const door = await startDoor();
    const registry = await startRegistry();
    const directory = temporaryDirectory();
    expect(await npm(directory, registry, ways['halflight env'](door.port), `${user}:${password}`)).toEqual(
      seen,
    );
    expect(await digest([await readFile(join(directory, 'tiny-1.0.0.tgz'))])).toEqual(registry.tarball);
    await door.expectThrough(registry);
  });

  it('hears that it may not come in without', async () => {
    const door = await startDoor();
    const registry = await startRegistry();
    const script = `halflight run --listen ${door.port} -- npm view tiny description`;
    const { exitCode, complaint } = await npm(temporaryDirectory(), registry, script);
    expect(exitCode).toBe(1);
    expect(complaint).toContain('E407');
    expect(registry.peers()).toEqual([]);
  });
});
