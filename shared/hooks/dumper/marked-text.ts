/** Bytes in which credentials are searched and masked. */

/** Headers whose values are credentials. */
const secretHeaders = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'cookie2',
  'set-cookie',
  'set-cookie2',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'x-csrf-token',
  'x-xsrf-token',
  'x-amz-security-token',
  'x-goog-api-key',
  'x-vault-token',
  'private-token',
] as const;

/** At the start of a line. */
const header = new RegExp(`\\n(?:${secretHeaders.join('|')})[ \\t]{0,16}:`, 'gi');
const separator = '://';
const schemeEnd = /[a-z0-9+.-]{2}$/i;
/** What ends an authority, or shows that there is none: all but printable ASCII without `"#/<>?` and space. */
const authorityEnd = /[^!$-.0-;=@A-~]/g;

/** The longest beginning of what is searched, characters. */
const memory = 64;

const star = 0x2a;
const carriageReturn = 0x0d;

/** A credential may begin behind it. */
interface Found {
  readonly kind: 'header' | 'uri';
  readonly start: number;
  readonly end: number;
}

/** `at` and all that is found are offsets in the bytes. What was before them has negative ones. */
export class MarkedText {
  readonly bytes: Buffer;
  at = 0;
  #result: Buffer;
  /** A character for each byte, with those before them. */
  readonly #text: string;
  readonly #shift: number;
  #from: number;
  #header: number | undefined;
  #headerEnd = 0;

  /** `before` is the last of the text that came before, as of `last`. */
  constructor(bytes: Buffer, before: string) {
    this.bytes = bytes;
    this.#result = bytes;
    this.#text = before + bytes.toString('latin1');
    this.#shift = before.length;
    this.#from = -before.length;
  }

  /** The bytes with all that was masked; where that is nothing they are those that were given. */
  get result(): Buffer {
    return this.#result;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Searches on from here alone, whatever is before it. */
  restart(): void {
    this.#from = this.at;
  }

  /** The end of the text that has been searched, for the bytes that follow. */
  last(): string {
    return this.#text.slice(Math.max(this.#from + this.#shift, this.#text.length - memory));
  }

  /** Where the next credential may begin. */
  find(): Found | undefined {
    const start = this.#findHeader();
    const separated = this.#findSeparator(start);
    if (separated !== undefined) return { kind: 'uri', start: separated, end: separated + separator.length };
    return start === undefined ? undefined : { kind: 'header', start, end: this.#headerEnd };
  }

  /** The end of the authority that begins or goes on here; undefined when it is not among these bytes. */
  findAuthorityEnd(): number | undefined {
    authorityEnd.lastIndex = this.at + this.#shift;
    const found = authorityEnd.exec(this.#text);
    return found === null ? undefined : found.index - this.#shift;
  }

  /** Masks all up to `end`, but for what ends lines, and goes on there. */
  mask(end: number): void {
    if (end > this.at) {
      if (this.#result === this.bytes) this.#result = Buffer.from(this.bytes);
      this.#result.fill(star, this.at, end);
      let at = this.bytes.indexOf(carriageReturn, this.at);
      for (; at !== -1 && at < end; at = this.bytes.indexOf(carriageReturn, at + 1)) {
        this.#result[at] = carriageReturn;
      }
    }
    this.at = end;
  }

  /** The next header, which is searched once for all of the URIs before it. */
  #findHeader(): number | undefined {
    if (this.#header === undefined || this.#header < this.#from) {
      header.lastIndex = this.#from + this.#shift;
      const found = header.exec(this.#text);
      this.#header = found === null ? Infinity : found.index - this.#shift;
      this.#headerEnd = header.lastIndex - this.#shift;
    }
    return this.#header === Infinity ? undefined : this.#header;
  }

  #findSeparator(before = Infinity): number | undefined {
    const start = this.#from + this.#shift;
    let at = this.#text.indexOf(separator, start);
    for (; at !== -1 && at - this.#shift < before; at = this.#text.indexOf(separator, at + 1)) {
      if (schemeEnd.test(this.#text.slice(Math.max(start, at - 2), at))) return at - this.#shift;
    }
    return undefined;
  }
}
