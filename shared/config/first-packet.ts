/** What an observer could conclude from our first packets, in words. */
import { entropyOf, type Exemption, judgeFirstPacket, type PacketReport } from '../codec/first-packet.js';

/** What is known of the first packets that a link leads to. */
export interface FirstPacketCheck {
  /** The report on one of them. */
  readonly packet: PacketReport;
  /** In bits per byte, 0 to 8. */
  readonly entropy: number;
  /** How many were made, and how many of them would have been let through. */
  readonly made: number;
  readonly exempt: number;
  /** `exempt` when all are let through, `lucky` when some are. */
  readonly verdict: 'exempt' | 'lucky' | 'eligible';
}

/** The check of packets that differ in their random bytes; the first is the one reported. There is at least one. */
export function checkFirstPackets(packets: readonly [Uint8Array, ...Uint8Array[]]): FirstPacketCheck {
  const [first] = packets;
  const made = packets.length;
  const exempt = packets.filter((each) => judgeFirstPacket(each).verdict === 'exempt').length;
  const otherwise = exempt > 0 ? 'lucky' : 'eligible';
  const verdict = exempt === made ? 'exempt' : otherwise;
  return { packet: judgeFirstPacket(first), entropy: entropyOf(first), made, exempt, verdict };
}

const protocols = {
  tls: 'those of TLS',
  'tls-by-code': 'those of TLS to the code that was published, not to its comment',
  http: 'those of HTTP',
  none: 'neither those of TLS nor of HTTP',
} as const satisfies Record<PacketReport['protocol'], string>;

const reasons = {
  popcount: 'its share of set bits is not that of random bytes',
  'printable-start': 'it begins with printable bytes',
  'printable-half': 'more than half of it is printable',
  'printable-run': 'it has a long run of printable bytes',
  protocol: 'it begins like another protocol',
} as const satisfies Record<Exemption, string>;

/** One line for each rule, and what follows from them. */
export function checkLines(check: FirstPacketCheck): string[] {
  const { packet, entropy, made, exempt } = check;
  const { length, setBits, printableStart, printable, printableRun, protocol, exemptions } = packet;
  const why = exemptions.map((rule) => reasons[rule]).join('; ');
  return [
    `  packet     ${length} bytes${why === '' ? '' : `, exempt: ${why}`}`,
    `  set bits   ${(setBits / length).toFixed(4)} for each byte (exempt: 3.4 or fewer, 4.6 or more)`,
    `  start      ${printableStart} printable bytes first (exempt: 6 or more)`,
    `  printable  ${printable} of ${length} bytes (exempt: more than half)`,
    `  run        ${printableRun} printable bytes in a row (exempt: more than 20)`,
    `  protocol   first bytes are ${protocols[protocol]}`,
    `  probing    ${length >= 160 && length <= 700 ? 'within' : 'outside'} the 160 to 700 bytes that drew probes;` +
      ` ${length % 16} more than a multiple of 16; ${entropy.toFixed(2)} of 8 bits of entropy for each byte`,
    `  sample     ${exempt} of ${made} such packets are exempt`,
    ...verdicts[check.verdict],
  ];
}

const verdicts = {
  exempt: [
    'An observer with the rules of USENIX Security 2023 lets all of them through. What makes it do so is the same on every',
    'connection, and can be looked for as well: nothing else speaks that way.',
  ],
  lucky: [
    'An observer with the rules of USENIX Security 2023 can tell that these connections are fully encrypted, and may block',
    'them. The few that are exempt are so by luck.',
  ],
  eligible: [
    'An observer with the rules of USENIX Security 2023 can tell that these connections are fully encrypted, and may block',
    'them.',
  ],
} as const satisfies Record<FirstPacketCheck['verdict'], readonly string[]>;
