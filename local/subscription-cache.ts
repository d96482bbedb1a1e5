/**
 * The last good answer to a subscription, for the day when there is none. It holds keys, so only its owner may read it; its
 * name tells nobody the address that it is from, which is as secret.
 *
 * The file is a line of JSON about the document, then the document as it came.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPrivacy, readPrivateFile, unfit } from '../shared/config/private-file.js';
import { maxSubscriptionBytes } from '../shared/config/sip008.js';
import type { Environment } from '../shared/environment.js';
import { type FetchedDocument, readValidators } from '../shared/net/fetch-document.js';
import { makeDirectory } from '../shared/net/make-directory.js';

/** A document, and when its server last said that it holds. */
export interface KeptDocument extends FetchedDocument {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SubscriptionCache {
  /**
   * The document that was kept, or undefined. ConfigError, naming the file, for one that is damaged or that others may
   * read; errors of the system come through as they are.
   */
  load(): Promise<KeptDocument | undefined>;
  /**
   * Keeps this one instead. Rejects with the error of the system, or with a ConfigError where others can write into the
   * directory.
   */
  save(document: KeptDocument): Promise<void>;
}

/** The line before the document. */
const maxLineBytes = 2048;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Where the answers of `url` are kept, in a directory that need not be there yet. */
export function subscriptionCache(directory: string, url: URL, environment: Environment): SubscriptionCache {
  const hash = createHash('sha256').update(url.href).digest('hex').slice(0, 32);
  const path = join(directory, `subscription-${hash}`);
  const name = `copy of the subscription ${path}`;
  return {
    load: async () => {
      const text = await readPrivateFile({ name, path, maxBytes: maxLineBytes + maxSubscriptionBytes });
      if (text === undefined) return undefined;
      const end = text.indexOf('\n');
      const line = readLine(text.slice(0, Math.max(end, 0)));
      if (line === undefined) throw unfit(name, 'a line of JSON before it', 'something else');
      return { ...line, bytes: Buffer.from(text.slice(end + 1)) };
    },
    save: async ({ at, validators, bytes }) => {
      await makeDirectory(directory);
      const draft = `${path}.${Buffer.from(environment.randomBytes(8)).toString('hex')}.new`;
      try {
        await write(draft, [`${JSON.stringify({ at, ...validators })}\n`, bytes]);
        // Where it would not be believed again there is to be none.
        await checkPrivacy({ name, path: draft }, 0o600);
        await rename(draft, path);
      } catch (error) {
        await unlink(draft).catch(() => undefined);
        throw error;
      }
    },
  };
}

async function write(path: string, parts: readonly (string | Uint8Array)[]): Promise<void> {
  const file = await open(path, createFlags, 0o600);
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

function readLine(line: string): Omit<KeptDocument, 'bytes'> | undefined {
  try {
    const parsed = JSON.parse(line) as Readonly<Record<string, unknown>> | null;
    const at = parsed?.['at'];
    if (parsed === null || typeof at !== 'number' || !Number.isFinite(at)) return undefined;
    return { at, validators: readValidators(parsed) };
  } catch {
    return undefined;
  }
}
