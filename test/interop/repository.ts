/** A Debian repository of one package, made by the test. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { content, digest, type Receipt } from './content.js';
import { outcomeOf } from './outcome.js';
import { startPeer } from './programs.js';
import { type Site, startSite } from './site.js';

export interface Repository extends Site {
  /** The file of its one package, `tiny`. */
  readonly package: Receipt;
  /** Its line in a sources.list. */
  readonly line: string;
}

const control = `Package: tiny
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@tiny.invalid>
Description: what the test wants to have
`;

/** Starts one on loopback. */
export async function startRepository(): Promise<Repository> {
  const made = await buildPackage();
  const packages = `${control}Filename: ./tiny.deb\nSize: ${made.length}\nSHA256: ${sha256(made)}\n`;
  const release = `Date: ${new Date().toUTCString()}\nSHA256:\n ${sha256(Buffer.from(packages))} ${packages.length} Packages\n`;
  const files = new Map<string | undefined, string | Uint8Array>([
    ['/Release', release],
    ['/Packages', packages],
    ['/tiny.deb', made],
  ]);
  const site = await startSite((request, response) => {
    const file = files.get(request.url?.replace('/./', '/'));
    if (file === undefined) response.statusCode = 404;
    response.end(file);
  });
  return { ...site, package: await digest([made]), line: `deb [trusted=yes] http://${site.authority}/ ./` };
}

/** A package with something in it that takes more than one read to pass on. */
async function buildPackage(): Promise<Uint8Array> {
  const directory = temporaryDirectory();
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  await writeFile(join(tree, 'DEBIAN/control'), control);
  await writeFile(join(tree, 'filling'), Buffer.concat([...content(2_000_000, 1)]));
  const file = join(directory, 'tiny.deb');
  const built = await outcomeOf(
    await startPeer('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, file]),
  );
  expect(built).toMatchObject({ exitCode: 0 });
  return readFile(file);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
