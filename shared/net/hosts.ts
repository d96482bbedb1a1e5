/** The hosts file: names that this machine's owner has settled himself, asked before any name server. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIp } from '../codec/ip.js';

/** Names in lower case without a final dot → their addresses, in the order of the file. */
export type HostsTable = ReadonlyMap<string, readonly string[]>;

export const hostsPath: string =
  process.platform === 'win32'
    ? join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts')
    : '/etc/hosts';

/** How long, in milliseconds, a look at the file is good for. */
const lookEvery = 5000;

/** A hosts file that is read again when it has changed, noticed within 5 s. Never fails: no file means no names. */
export class HostsFile {
  readonly #path: string;
  #table: Promise<HostsTable> = Promise.resolve(new Map());
  #lookedAt = Number.NEGATIVE_INFINITY;
  #changedAt = Number.NaN;

  constructor(path: string) {
    this.#path = path;
  }

  /** The addresses of `name` (lower case, no final dot); an empty array when the file does not know it. */
  async find(name: string): Promise<readonly string[]> {
    const now = performance.now();
    if (now - this.#lookedAt >= lookEvery) {
      this.#lookedAt = now;
      this.#table = this.#look(this.#table);
    }
    return (await this.#table).get(name) ?? [];
  }

  async #look(before: Promise<HostsTable>): Promise<HostsTable> {
    try {
      const { mtimeMs } = await stat(this.#path);
      if (mtimeMs === this.#changedAt) return await before;
      const table = parseHosts(await readFile(this.#path, 'utf8'));
      this.#changedAt = mtimeMs;
      return table;
    } catch {
      // Gone, or out of file descriptors for a moment: what was known is the better guess.
      return before;
    }
  }
}

/** Reads `ADDRESS NAME NAME… # comment` lines; what is not understood is passed over, zones included. */
export function parseHosts(text: string): HostsTable {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (parseIp(address) === undefined) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '');
      const known = table.get(key) ?? [];
      if (!known.includes(address)) table.set(key, [...known, address]);
    }
  }
  return table;
}
