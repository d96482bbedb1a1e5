import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatServerUri, parseServerUri, redactServerUri } from '../../shared/config/uri.js';
import { messageOf } from '../support/config.js';

/** Links as they are found in the world, and what is in each. */
interface Good {
  readonly what: string;
  readonly link: string;
  readonly expected: {
    readonly wire: string;
    readonly method: string;
    readonly secret: string;
    readonly host: string;
    readonly port: number;
    readonly tag?: string;
    readonly remoteAuth?: true;
    /** In hex. */
    readonly saltPrefix?: string;
    readonly plugin?: { readonly name: string; readonly options?: string };
  };
  /** The plugins that it may name. */
  readonly plugins?: readonly string[];
  /** As we write it. */
  readonly written: string;
}

interface Broken {
  readonly what: string;
  readonly link: string;
  readonly message: string;
}

const folder = path.resolve(import.meta.dirname, '../golden/links');
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));

describe('golden links', () => {
  it.each(read('good.json') as Good[])('$what', ({ link, expected, written, plugins = [] }) => {
    const uri = parseServerUri(link, { plugins });
    const { method, saltPrefix, ...rest } = uri;
    const prefix = saltPrefix === undefined ? {} : { saltPrefix: Buffer.from(saltPrefix).toString('hex') };
    expect({ ...rest, method: method.name, ...prefix }).toEqual(expected);
    expect(formatServerUri(uri)).toBe(written);
    expect(parseServerUri(written, { plugins })).toEqual(uri);
    expect(redactServerUri(uri)).toContain(`${method.name}:***@`);
  });
});

describe('broken links', () => {
  it.each(read('broken.json') as Broken[])('$what', ({ link, message }) => {
    expect(messageOf(() => parseServerUri(link))).toBe(`ConfigError: ${message}`);
  });
});
