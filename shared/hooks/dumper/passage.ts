/** The bytes of one direction as they come, and where in them something begins that may have a secret in it. */

interface Needle {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Where something begins, and behind its end. What was before the piece has negative offsets. */
interface Found {
  readonly from: number;
  readonly end: number;
}

const version = needle('HTTP/1.');
const connect = needle('CONNECT ');
const separator = needle('://');

/** What stands before the `://` of an absolute target of a request (RFC 9112 §3.2.2), and of any other URI. */
const target = { before: /[A-Z]{3} [A-Za-z][A-Za-z0-9+.-]{0,31}$/, length: 36 } as const;
const reference = { before: /[A-Za-z0-9+.-]{2}$/, length: 2 } as const;

/** How much of what came before is known, bytes: more than the longest that is searched. */
const memory = 64;

const nothing = Buffer.alloc(0);

/** Bulk is searched by what the runtime has in native code; nothing here goes over its bytes one by one. */
export class Passage {
  bytes: Buffer = nothing;
  /** Up to here all is read. */
  at = 0;
  /** Before this nothing that is searched may begin. */
  #floor = 0;
  /** The last bytes of the pieces before, a character for each. */
  #before = '';
  /** The same, with the first ones of this piece behind them. */
  #seam = '';
  /** What was found last, of each that is searched. */
  readonly #known = new Map<Needle | typeof target, Found | undefined>();

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Goes on with these bytes, which are lent until `leave`. */
  enter(bytes: Buffer): void {
    this.bytes = bytes;
    this.at = 0;
    this.#seam = this.#before + bytes.toString('latin1', 0, memory);
    this.#known.clear();
  }

  leave(): void {
    const { length } = this.bytes;
    this.#floor = Math.max(this.#floor - length, -memory);
    const last =
      length < memory ? this.#seam : this.bytes.toString('latin1', Math.max(0, length - memory), length);
    this.#before = last.slice(-memory);
    this.bytes = nothing;
  }

  /** Nothing that is searched has begun before here. */
  restart(): void {
    this.#floor = this.at;
  }

  /** What comes next: the version of HTTP, or the target of a request, which may name a user. */
  findStart(): { readonly kind: 'version' | 'authority'; readonly end: number } | undefined {
    const spoken = this.#find(version);
    const asked = earlier(this.#find(connect), this.#find(target));
    if (spoken === undefined || (asked !== undefined && asked.end < spoken.end))
      return asked && { kind: 'authority', end: asked.end };
    return { kind: 'version', end: spoken.end };
  }

  /** Behind the `://` of the next URI that begins before `limit`. */
  findUri(limit: number): number | undefined {
    let found = this.#find(separator);
    while (found !== undefined && found.from < limit) {
      if (reference.before.test(this.#textBefore(found.from, reference.length))) return found.end;
      found = this.#search(separator, found.from + 1);
      this.#known.set(separator, found);
    }
    return undefined;
  }

  #find(wanted: Needle | typeof target): Found | undefined {
    const known = this.#known.get(wanted);
    if (known === undefined ? this.#known.has(wanted) : known.from >= this.#floor) return known;
    const found = wanted === target ? this.#findTarget() : this.#search(wanted as Needle, this.#floor);
    this.#known.set(wanted, found);
    return found;
  }

  #findTarget(): Found | undefined {
    let found = this.#search(separator, this.#floor);
    for (; found !== undefined; found = this.#search(separator, found.from + 1)) {
      const before = target.before.exec(this.#textBefore(found.from, target.length));
      if (before !== null) return { from: found.from - before[0].length, end: found.end };
    }
    return undefined;
  }

  /** The next one that ends in this piece. */
  #search({ text, bytes }: Needle, from: number): Found | undefined {
    const shift = this.#before.length;
    const first = Math.max(from, 1 - text.length, -shift);
    const across = first < 0 ? this.#seam.indexOf(text, first + shift) - shift : -shift - 1;
    if (across >= first && across < 0) return { from: across, end: across + text.length };
    const at = this.bytes.indexOf(bytes, Math.max(0, first));
    return at === -1 ? undefined : { from: at, end: at + text.length };
  }

  #textBefore(at: number, length: number): string {
    const shift = this.#before.length;
    const from = Math.max(at - length, this.#floor, -shift);
    return from < 0 ? this.#seam.slice(from + shift, at + shift) : this.bytes.toString('latin1', from, at);
  }
}

function needle(text: string): Needle {
  return { text, bytes: Buffer.from(text) };
}

function earlier(one: Found | undefined, other: Found | undefined): Found | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.end < other.end ? one : other;
}
