import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import {
  defaultMethod,
  findMethod,
  type Method,
  type MethodName,
  methods,
} from '../../shared/codec/methods.js';
import type { Environment } from '../../shared/environment.js';

/** A clock that stands still, and dice that count: every run of a test makes the same keys. */
export function countingEnvironment(): Environment {
  let next = 1;
  return {
    now: () => 1_790_000_000_000,
    randomBytes: (length) => Uint8Array.from({ length }, () => (next++ * 37) & 0xff),
  };
}

export const allMethods: readonly Method[] = Object.values(methods);

export function method(name: MethodName = defaultMethod): Method {
  return findMethod(name);
}

/** A key that fits the default method and stands out wherever it should not be. */
export const canaryKey: string = Buffer.from('canary-canary-canary-canary-0123').toString('base64');

/** What `use` threw, as its message; a test that expects an error must not pass without one. */
export function messageOf(use: () => unknown): string {
  try {
    use();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  throw new Error('expected an error, got none');
}

/** A function that makes temporary directories, gone after each test. */
export function temporaryDirectories(): () => Promise<string> {
  const made: string[] = [];
  afterEach(async () => {
    for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
  });
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'halflight-test-'));
    made.push(directory);
    return directory;
  };
}
