import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { digest } from './content.js';
import { askingDoors, doors, login } from './doors.js';
import { type Outcome, outcomeOf } from './outcome.js';
import { startPeer } from './programs.js';
import { type Repository, startRepository } from './repository.js';

/** apt-get's exit code for whatever went wrong. */
const failed = 100;

interface Apt {
  readonly run: (...words: readonly string[]) => Promise<Outcome>;
  /** Where it puts the packages that it downloads. */
  readonly archives: string;
}

/** An apt that knows one repository, and nothing of the machine. */
async function setUpApt({ line }: Repository, proxy: string): Promise<Apt> {
  const directory = temporaryDirectory();
  const at = (name: string): string => join(directory, name);
  for (const name of ['lists/partial', 'archives/partial', 'etc/apt.conf.d', 'etc/preferences.d']) {
    await mkdir(at(name), { recursive: true });
  }
  await writeFile(at('etc/sources.list'), `${line}\n`);
  await writeFile(at('status'), '');
  const settings = {
    'Dir::State': directory,
    'Dir::State::status': at('status'),
    'Dir::Cache': directory,
    'Dir::Etc': at('etc'),
    'Dir::Log': directory,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '0',
    'Acquire::http::Proxy': proxy,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await writeFile(at('apt.conf'), lines.join(''));
  // This file is read first, and says where the others would be.
  const variables = { APT_CONFIG: at('apt.conf'), LC_ALL: 'C' };
  return {
    run: async (...words) => outcomeOf(await startPeer('apt-get', ['-qq', ...words], variables)),
    archives: at('archives'),
  };
}

async function expectDownload(apt: Apt, repository: Repository): Promise<void> {
  const fine = { exitCode: 0, complaint: '' };
  expect(await apt.run('update')).toMatchObject(fine);
  expect(await apt.run('install', '--download-only', '--yes', 'tiny')).toMatchObject(fine);
  const file = await readFile(join(apt.archives, 'tiny_1.0_all.deb'));
  expect(await digest([file])).toEqual(repository.package);
}

const schemes = ['http', 'socks5h'];

describe.each(Object.entries(doors))('apt over %s', (_name, startDoor) => {
  it('updates and downloads by HTTP and by SOCKS5', async () => {
    const door = await startDoor();
    const repository = await startRepository();
    for (const scheme of schemes) {
      await expectDownload(await setUpApt(repository, `${scheme}://${door.port}`), repository);
    }
    await door.expectThrough(repository);
  });
});

describe.each(Object.entries(askingDoors))('apt at %s', (_name, startDoor) => {
  it('comes in by HTTP and by SOCKS5 with its password', async () => {
    const door = await startDoor();
    const repository = await startRepository();
    for (const scheme of schemes) {
      await expectDownload(await setUpApt(repository, `${scheme}://${login}${door.port}`), repository);
    }
    await door.expectThrough(repository);
  });

  it('hears by HTTP and by SOCKS5 that it may not come in without', async () => {
    const door = await startDoor();
    const repository = await startRepository();
    for (const [scheme, says] of [
      ['http', /407\s+Proxy Authentication Required/],
      ['socks5h', /SOCKS proxy/],
    ] as const) {
      const apt = await setUpApt(repository, `${scheme}://${door.port}`);
      const { exitCode, complaint } = await apt.run('-o', 'APT::Update::Error-Mode=any', 'update');
      expect(complaint).toMatch(says);
      expect(exitCode).toBe(failed);
    }
    expect(repository.peers()).toEqual([]);
  });
});
