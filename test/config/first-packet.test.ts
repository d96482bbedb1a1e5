import { describe, expect, it } from 'vitest';
import { checkFirstPackets, checkLines } from '../../shared/config/first-packet.js';

/** Half of its bits are set, none of its bytes is printable. */
const plain = new Uint8Array(200).fill(0x0f).fill(0x9f, 0, 20);
const http = Uint8Array.from([...Buffer.from('GET '), ...plain]);

describe('what is said of first packets', () => {
  it('is that all are let through only when all are', () => {
    expect(checkFirstPackets([http, http])).toMatchObject({ made: 2, exempt: 2, verdict: 'exempt' });
    expect(checkFirstPackets([http, plain, plain])).toMatchObject({ exempt: 1, verdict: 'lucky' });
    expect(checkFirstPackets([plain])).toMatchObject({ made: 1, exempt: 0, verdict: 'eligible' });
  });

  it('is a line for each rule, and what follows from them', () => {
    const lines = checkLines(checkFirstPackets([plain, http]));
    expect(lines).toEqual([
      '  packet     200 bytes',
      '  set bits   4.2000 for each byte (exempt: 3.4 or fewer, 4.6 or more)',
      '  start      0 printable bytes first (exempt: 6 or more)',
      '  printable  0 of 200 bytes (exempt: more than half)',
      '  run        0 printable bytes in a row (exempt: more than 20)',
      '  protocol   first bytes are neither those of TLS nor of HTTP',
      '  probing    within the 160 to 700 bytes that drew probes; 8 more than a multiple of 16; 0.47 of 8 bits of entropy for each byte',
      '  sample     1 of 2 such packets are exempt',
      'An observer with the rules of USENIX Security 2023 can tell that these connections are fully encrypted, and may block',
      'them. The few that are exempt are so by luck.',
    ]);
  });

  it('names the reason of one that is let through, and its price', () => {
    const lines = checkLines(checkFirstPackets([http])).join('\n');
    expect(lines).toContain('204 bytes, exempt: it begins like another protocol\n');
    expect(lines).toContain('first bytes are those of HTTP');
    expect(lines).toContain('can be looked for as well');
  });

  it('knows which lengths have drawn probes', () => {
    expect(checkLines(checkFirstPackets([plain.subarray(0, 159)])).join()).toContain('outside the 160');
    expect(checkLines(checkFirstPackets([plain.subarray(0, 160)])).join()).toContain('within the 160');
    const long = new Uint8Array(701).fill(0x9f);
    expect(checkLines(checkFirstPackets([long.subarray(0, 700)])).join()).toContain('within the 160');
    expect(checkLines(checkFirstPackets([long])).join()).toContain('outside the 160');
  });
});
