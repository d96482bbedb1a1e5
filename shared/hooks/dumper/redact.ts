/**
 * Takes credentials out of what is written down: each byte of one becomes `*`, so that lengths stay. What is known is
 * - in heads of HTTP/1 the values of some headers (RFC 9112 §5, those on folded lines too), and user and password in URIs;
 * - user and password in the target of a request (RFC 9112 §3.2, RFC 3986 §3.2.1), as proxies are told it;
 * - what SOCKS says of its user.
 *
 * A head begins behind any line that has a version of HTTP/1 where a request or an answer has it, and ends at an empty line. It is not
 * counted where a body ends: whoever lies about lengths would have its credentials written. Bodies are left alone, so what was
 * transferred can be had from a dump to the byte. Where all that is cut into pieces does not matter.
 */
import { isSecretHeader } from './secret-headers.js';
import { Passage } from './passage.js';
import { socksSecrets } from './redact-socks.js';

/** Authorities end there at the latest, bytes: no target of a request is longer. */
const maxAuthority = 8192;
/** The beginning of a name that tells what it is, bytes. */
const maxName = 256;
/** More blanks than fit into that are not between a version and what is behind it, characters. */
const maxVersion = 32;

/** Behind `HTTP/1.`: the end of a request's line, the beginning of an answer's, and what may become one of them. */
const requestEnd = /^[01][ \t]*\r?\n$/;
const statusStart = /^[01][ \t]+\d{3}\D$/;
const versionStart = /^[01](?:[ \t]*\r?|[ \t]+\d{1,3})$/;

const star = 0x2a;
const at = 0x40;
const tab = 0x09;
const lineEnd = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const colon = 0x3a;

/** What ends an authority, beside blanks and all that cannot be seen. */
const authorityEnds: ReadonlySet<number | undefined> = new Set(
  Array.from('/?#', (mark) => mark.charCodeAt(0)),
);

/**
 * Where in its text a direction is: in bodies and first lines (`text`, `version`, `status`), in a head (`line`, where a line begins, and
 * its value: `lead`, `secret`, `host`, `plain`, and `fold` behind it), or in an authority in either.
 */
type Place =
  'text' | 'version' | 'status' | 'line' | 'lead' | 'secret' | 'fold' | 'host' | 'plain' | 'authority';

/** A part of a piece that may be secret. */
interface Span {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** One direction of one conversation, or one datagram. */
export class Redactor {
  readonly #passage = new Passage();
  #place: Place = 'text';
  /** What is read of a version, or of the name of a header. */
  #word = '';
  /** What comes behind the blanks before a value, and behind an authority. */
  #next: Place = 'text';
  /** Of an authority whose end is still to come. */
  #held: Span[] = [];
  #heldBytes = 0;
  #socks: Generator<boolean, boolean, number> | undefined;
  #fresh = true;

  /** `socks`: whether it may begin with a client's words to a SOCKS proxy. */
  constructor({ socks }: { readonly socks: boolean }) {
    if (socks) this.#socks = socksSecrets();
    this.#socks?.next();
  }

  /** Whether some of what it has read may still be masked. */
  get undecided(): boolean {
    return this.#heldBytes > 0;
  }

  /** Masks what is secret in `piece`, which it is given; as long as it is `undecided`, later calls do so, too. */
  read(piece: Uint8Array): void {
    if (piece.length === 0) return;
    const passage = this.#passage;
    passage.enter(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    this.#maskSocks();
    while (!passage.done) this.#place = this.#steps[this.#place](passage);
    passage.leave();
  }

  /** Its direction has ended well: what nobody has called a user is none. */
  end(): void {
    this.#decide();
  }

  /** It has not, or nobody can wait for it: what may be a part of a password is masked. */
  giveUp(): void {
    for (const span of this.#held) mask(span);
    this.#forget();
  }

  #maskSocks(): void {
    const passage = this.#passage;
    const [first = 0] = passage.bytes;
    if (this.#fresh && first !== 4 && first !== 5) this.#socks = undefined;
    this.#fresh = false;
    while (this.#socks !== undefined && !passage.done) {
      const { value, done } = this.#socks.next(passage.bytes[passage.at] ?? 0);
      if (value) passage.bytes[passage.at] = star;
      passage.at += 1;
      passage.restart();
      if (done === true) this.#socks = undefined;
    }
  }

  /** Each goes on from where the passage is, and brings where it is then. */
  readonly #steps: Readonly<Record<Place, (passage: Passage) => Place>> = {
    text: (passage) => {
      const found = passage.findStart();
      passage.at = found?.end ?? passage.bytes.length;
      this.#word = '';
      this.#next = 'text';
      return found?.kind ?? 'text';
    },
    version: (passage) => {
      const word = this.#word + String.fromCharCode(passage.bytes[passage.at] ?? 0);
      if (statusStart.test(word)) return 'status';
      if (!requestEnd.test(word) && (!versionStart.test(word) || word.length > maxVersion)) {
        passage.restart();
        return 'text';
      }
      passage.at += 1;
      if (requestEnd.test(word)) return this.#newLine();
      this.#word = word;
      return 'version';
    },
    status: (passage) => this.#toLineEnd(passage, 'status'),
    line: (passage) => {
      const part = passage.bytes.subarray(passage.at, passage.at + maxName - this.#word.length);
      const end = part.indexOf(lineEnd);
      const name = end === -1 ? part : part.subarray(0, end);
      const stop = name.indexOf(colon);
      this.#word += name.toString('latin1', 0, stop === -1 ? name.length : stop);
      passage.at += stop === -1 ? name.length : stop + 1;
      if (stop !== -1) return this.#value(passage);
      if (end !== -1) {
        passage.at += 1;
        const empty = this.#word === '' || this.#word === '\r';
        passage.restart();
        return empty ? 'text' : this.#newLine();
      }
      return this.#word.length < maxName ? 'line' : this.#value(passage);
    },
    lead: (passage) => {
      while (!passage.done && isBlank(passage.bytes[passage.at])) passage.at += 1;
      return passage.done ? 'lead' : this.#next;
    },
    secret: (passage) => {
      const from = passage.at;
      const place = this.#toLineEnd(passage, 'secret');
      mask({ bytes: passage.bytes, from, to: place === 'secret' ? passage.at : passage.at - 1 });
      return place === 'secret' ? place : 'fold';
    },
    fold: (passage) => {
      if (!isBlank(passage.bytes[passage.at])) return this.#newLine();
      this.#next = 'secret';
      return 'lead';
    },
    host: () => {
      this.#next = 'plain';
      return 'authority';
    },
    plain: (passage) => {
      const end = passage.bytes.indexOf(lineEnd, passage.at);
      const uri = passage.findUri(end === -1 ? passage.bytes.length : end);
      if (uri === undefined) return this.#toLineEnd(passage, 'plain');
      passage.at = uri;
      this.#next = 'plain';
      return 'authority';
    },
    authority: (passage) => {
      const { bytes, at: from } = passage;
      const most = Math.min(bytes.length, from + maxAuthority - this.#heldBytes);
      while (passage.at < most && !endsAuthority(bytes[passage.at])) passage.at += 1;
      this.#held.push({ bytes, from, to: passage.at });
      this.#heldBytes += passage.at - from;
      if (passage.done && this.#heldBytes < maxAuthority) return 'authority';
      this.#decide();
      passage.restart();
      return this.#next;
    },
  };

  /** Behind the colon of a header. */
  #value(passage: Passage): Place {
    const name = this.#word;
    passage.restart();
    if (isSecretHeader(name)) this.#next = 'secret';
    else if (name.trim().toLowerCase() === 'host') this.#next = 'host';
    else return 'plain';
    return 'lead';
  }

  #newLine(): Place {
    this.#word = '';
    return 'line';
  }

  /** Behind the end of this line; in `place` as long as that is still to come. */
  #toLineEnd(passage: Passage, place: Place): Place {
    const end = passage.bytes.indexOf(lineEnd, passage.at);
    passage.at = end === -1 ? passage.bytes.length : end + 1;
    return end === -1 ? place : this.#newLine();
  }

  /** The authority is whole: before the last `@` is a user. */
  #decide(): void {
    const last = this.#held.findLastIndex((span) => userEnd(span) !== -1);
    for (const [index, span] of this.#held.slice(0, last + 1).entries()) {
      mask(index === last ? { ...span, to: userEnd(span) } : span);
    }
    this.#forget();
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}

/** Masks what is secret in a datagram, which is whole. */
export function redactDatagram(bytes: Uint8Array): void {
  const redactor = new Redactor({ socks: false });
  redactor.read(bytes);
  redactor.end();
}

/** Masks all of it, but for what ends lines. */
function mask({ bytes, from, to }: Span): void {
  for (let start = from; start < to;) {
    const found = bytes.subarray(start, to).indexOf(carriageReturn);
    const end = found === -1 ? to : start + found;
    bytes.fill(star, start, end);
    start = end + 1;
  }
}

/** Where the last `@` is; -1 where there is none. */
function userEnd({ bytes, from, to }: Span): number {
  const found = bytes.subarray(from, to).lastIndexOf(at);
  return found === -1 ? -1 : from + found;
}

function endsAuthority(byte = 0): boolean {
  return byte <= space || authorityEnds.has(byte);
}

/** A line that begins with it goes on with the value of the one before (RFC 9112 §5.2). */
function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}
