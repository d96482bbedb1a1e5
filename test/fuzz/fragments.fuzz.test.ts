import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FragmentQueue } from '../../shared/proxy/fragments.js';
import type { UdpDatagram, UdpHeader } from '../../shared/proxy/udp-header.js';
import { fuzzRuns } from '../support/fuzz.js';

const maxPayload = 65_507;
const reassemblyMs = 5000;
const last = 0x80;

/**
 * RFC 1928 §7 to the letter: a queue of positions, reset by its timer, by a FRAG that is not above the highest, by
 * another target. Slower than ours, and with more to remember.
 */
class LiteralQueue {
  #pieces = new Map<number, Uint8Array>();
  #host = '';
  #startedAt = 0;

  accept({ fragment, target, payload }: UdpHeader, now: number): UdpDatagram | undefined {
    const position = fragment & ~last;
    const highest = Math.max(0, ...this.#pieces.keys());
    const late = now - this.#startedAt >= reassemblyMs;
    if (late || position <= highest || target.host !== this.#host) this.#pieces.clear();
    if (fragment === 0) return { target, payload };
    if (position === 0) return undefined;
    if (this.#pieces.size === 0) {
      this.#host = target.host;
      this.#startedAt = now;
    }
    this.#pieces.set(position, payload.slice());
    const whole = Uint8Array.from([...this.#pieces.values()].flatMap((piece) => [...piece]));
    const complete = fragment >= last && this.#pieces.size === position;
    if (fragment >= last) this.#pieces.clear();
    return complete ? { target, payload: whole } : undefined;
  }
}

const arrival = fc.record({
  fragment: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1, 2, 3, 4, last | 1, last | 2, last | 3, last | 4) },
    { weight: 1, arbitrary: fc.constantFrom(0, last, 127, 255) },
    { weight: 1, arbitrary: fc.nat(255) },
  ),
  host: fc.oneof({ weight: 9, arbitrary: fc.constant('192.0.2.1') }, fc.constant('a.example')),
  payload: fc.uint8Array({ maxLength: 3 }),
  after: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, fc.constantFrom(2500, 4999, 5000)),
});

test('pieces in any order, at any time, come to what the letter of RFC 1928 §7 makes of them', () => {
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 40 }), fc.array(fc.boolean()), (arrivals, looks) => {
      const queue = new FragmentQueue();
      const literal = new LiteralQueue();
      let now = 0;
      for (const [at, { fragment, host, payload, after }] of arrivals.entries()) {
        now += after;
        // Looking at the clock in between changes nothing but when memory is freed.
        if (looks[at] === true) queue.expire(now);
        const header = { fragment, target: { host, port: 53 }, payload };
        expect(queue.accept(header, now)).toEqual(literal.accept(header, now));
      }
    }),
    { numRuns: fuzzRuns(1500) },
  );
});

test('any datagram in pieces becomes whole, whatever came before it', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 127 });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 5 }), pieces, (before, parts) => {
      const queue = new FragmentQueue();
      const target = { host: '192.0.2.1', port: 53 };
      for (const { fragment, payload } of before) queue.accept({ fragment, target, payload }, 0);
      const made = parts.map((payload, index) => {
        const end = index === parts.length - 1 ? last : 0;
        return queue.accept({ fragment: (index + 1) | end, target, payload }, 0);
      });
      const payload = Uint8Array.from(parts.flatMap((part) => [...part]));
      const fits = payload.length <= maxPayload;
      expect(made.pop()).toEqual(fits ? { target, payload } : undefined);
      expect(made.every((nothing) => nothing === undefined)).toBe(true);
    }),
    { numRuns: fuzzRuns(100) },
  );
});
