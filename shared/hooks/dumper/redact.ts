/**
 * Takes credentials out of what is written down: each byte of one becomes `*`, so that lengths stay. What is known are the values of some
 * HTTP headers (RFC 9112 §5, those on folded lines too), user and password in absolute URIs (RFC 3986 §3.2.1), and what SOCKS says of its
 * user. The traffic itself is not touched, and where it is cut into pieces does not matter.
 *
 * Bulk is searched by what the runtime has in native code; nothing here goes over its bytes one by one.
 */
import { MarkedText } from './marked-text.js';
import { socksSecrets } from './redact-socks.js';

/** Longer authorities are masked as a whole: a piece is not held back for ever. Bytes. */
const maxAuthority = 1024;

const star = 0x2a;
const at = 0x40;
const tab = 0x09;
const lineEnd = 0x0a;
const space = 0x20;

/** Where in its text a direction is; `line-end` is behind a line of a value, which may be folded. */
type Place = 'text' | 'lead' | 'value' | 'line-end' | 'authority' | 'long-authority';

/** One direction of one conversation, or one datagram. */
export class Redactor {
  #place: Place = 'text';
  /** The end of the text that was searched. At the start, too, a line begins. */
  #before = '\n';
  /** The beginning of an authority whose end is still to come. */
  #held: Buffer = Buffer.alloc(0);
  #socks: Generator<boolean, boolean, number> | undefined;
  #fresh = true;

  /** `socks`: whether it may begin with a client's words to a SOCKS proxy. */
  constructor({ socks }: { readonly socks: boolean }) {
    if (socks) this.#socks = socksSecrets();
    this.#socks?.next();
  }

  /**
   * What is to be written down now: of `bytes` what can be judged, behind what was held back before. They are lent, and so is what comes
   * back: where there is no secret in them it is the same memory.
   */
  read(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const all = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    if (this.#place === 'line-end') {
      this.#place = isFold(all[0]) ? 'lead' : 'text';
      this.#before = '\n';
    }
    const text = new MarkedText(all, this.#place === 'text' ? this.#before : '');
    this.#held = Buffer.alloc(0);
    this.#maskSocks(text);
    while (!text.done) this.#place = this.#steps[this.#place](text);
    if (this.#place === 'text') this.#before = text.last();
    return text.result.subarray(0, all.length - this.#held.length);
  }

  /** What was held back, of which nobody will know that it is no password. */
  end(): Uint8Array {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held.fill(star);
  }

  #maskSocks(text: MarkedText): void {
    const [first = 0] = text.bytes;
    if (this.#fresh && first !== 4 && first !== 5) this.#socks = undefined;
    this.#fresh = false;
    while (this.#socks !== undefined && !text.done) {
      const { value, done } = this.#socks.next(text.bytes[text.at] ?? 0);
      if (value) text.mask(text.at + 1);
      else text.at += 1;
      text.restart();
      if (done === true) this.#socks = undefined;
    }
  }

  /** Each goes on from where the text is, and brings where it is then. */
  readonly #steps: Readonly<Record<Place, (text: MarkedText) => Place>> = {
    text: (text) => {
      const found = text.find();
      text.at = found?.end ?? text.bytes.length;
      if (found === undefined) return 'text';
      return found.kind === 'uri' ? 'authority' : 'lead';
    },
    lead: (text) => {
      while (!text.done && isFold(text.bytes[text.at])) text.at += 1;
      return text.done ? 'lead' : 'value';
    },
    value: (text) => {
      const end = text.bytes.indexOf(lineEnd, text.at);
      text.mask(end === -1 ? text.bytes.length : end);
      if (end === -1) return 'value';
      text.restart();
      text.at += 1;
      return 'line-end';
    },
    'line-end': (text) => (isFold(text.bytes[text.at]) ? 'lead' : 'text'),
    authority: (text) => {
      const end = text.findAuthorityEnd();
      const length = (end ?? text.bytes.length) - text.at;
      if (length > maxAuthority) return 'long-authority';
      if (end === undefined) {
        this.#held = Buffer.from(text.bytes.subarray(text.at));
        text.at = text.bytes.length;
        return 'authority';
      }
      text.mask(text.at + Math.max(0, text.bytes.subarray(text.at, end).lastIndexOf(at)));
      text.at = end;
      text.restart();
      return 'text';
    },
    'long-authority': (text) => {
      const end = text.findAuthorityEnd();
      text.mask(end ?? text.bytes.length);
      text.restart();
      return end === undefined ? 'long-authority' : 'text';
    },
  };
}

/** The same of a datagram, which is whole. */
export function redactDatagram(bytes: Uint8Array): Uint8Array {
  const redactor = new Redactor({ socks: false });
  const written = redactor.read(bytes);
  const rest = redactor.end();
  return rest.length === 0 ? written : Buffer.concat([written, rest]);
}

/** A line that begins with it goes on with the value of the one before (RFC 9112 §5.2). */
function isFold(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}
