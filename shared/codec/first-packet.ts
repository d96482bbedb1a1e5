/**
 * What gives fully encrypted traffic away: the rules by which the first packet of a client was judged on its way out of
 * China from 2021 to 2023 (Wu et al., "How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic",
 * USENIX Security 2023). A packet that meets any of them is let through; what is left looks like nothing at all.
 *
 * At the borders of the rules only integers are compared: 3.4 bits per byte are 34 in 10 bytes, not 3.3999.
 */

/** The reasons for which a packet is let through. */
export type Exemption = 'popcount' | 'printable-start' | 'printable-half' | 'printable-run' | 'protocol';

/** What a packet looks like to that observer. */
export interface PacketReport {
  /** The bytes judged: those of the first segment. */
  readonly length: number;
  /** How many bits are set in them. */
  readonly setBits: number;
  /** How many printable bytes (0x20 to 0x7e) it begins with. */
  readonly printableStart: number;
  /** How many of its bytes are printable. */
  readonly printable: number;
  /** The most printable bytes in a row. */
  readonly printableRun: number;
  /** What its first bytes are those of. The published code knows a few more versions of TLS than its comment. */
  readonly protocol: 'tls' | 'tls-by-code' | 'http' | 'none';
  /** Why it is let through; empty when it is not. */
  readonly exemptions: readonly Exemption[];
  /** `ambiguous`: let through by the published code, not by its comment. */
  readonly verdict: 'exempt' | 'ambiguous' | 'eligible';
}

/** What fits into one segment over Ethernet and IPv4, in bytes. */
export const usualSegment = 1460;

const verbs = ['GET ', 'PUT ', 'POST ', 'HEAD '];

/** The report on the first `segment` bytes of what a client says first, which are one or more. */
export function judgeFirstPacket(bytes: Uint8Array, segment: number = usualSegment): PacketReport {
  const packet = bytes.subarray(0, segment);
  const { length } = packet;
  const runs = printableRuns(packet);
  const printable = runs.reduce((sum, run) => sum + run, 0);
  const printableRun = runs.reduce((longest, run) => Math.max(longest, run), 0);
  const printableStart = isPrintable(packet[0] ?? 0) ? (runs[0] ?? 0) : 0;
  const setBits = packet.reduce((sum, byte) => sum + bitsOf(byte), 0);
  const protocol = protocolOf(packet);
  const met: Readonly<Record<Exemption, boolean>> = {
    popcount: 10 * setBits <= 34 * length || 10 * setBits >= 46 * length,
    'printable-start': printableStart >= 6,
    'printable-half': 2 * printable > length,
    'printable-run': printableRun > 20,
    protocol: protocol === 'tls' || protocol === 'http',
  };
  const exemptions = (Object.keys(met) as Exemption[]).filter((rule) => met[rule]);
  const otherwise = protocol === 'tls-by-code' ? 'ambiguous' : 'eligible';
  const verdict = exemptions.length > 0 ? 'exempt' : otherwise;
  return { length, setBits, printableStart, printable, printableRun, protocol, exemptions, verdict };
}

/**
 * How evenly the 256 values are spread over the bytes, in bits per byte: 0 to 8. Probers have chosen connections by it
 * (Alice et al., "How China Detects and Blocks Shadowsocks", IMC 2020).
 */
export function entropyOf(bytes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / bytes.length) * Math.log2(count / bytes.length),
    0,
  );
}

/** The lengths of all runs of printable bytes, in order. */
function printableRuns(packet: Uint8Array): readonly number[] {
  const runs: number[] = [];
  let run = 0;
  for (const byte of packet) {
    if (isPrintable(byte)) run += 1;
    else if (run > 0) {
      runs.push(run);
      run = 0;
    }
  }
  return run > 0 ? [...runs, run] : runs;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e;
}

function bitsOf(byte: number): number {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
}

function protocolOf(packet: Uint8Array): PacketReport['protocol'] {
  const start = String.fromCharCode(...packet.subarray(0, 5));
  if (verbs.some((verb) => start.startsWith(verb))) return 'http';
  const [type, major, minor = 0xff] = packet;
  if ((type !== 0x16 && type !== 0x17) || major !== 3) return 'none';
  if (minor <= 0x09) return 'tls';
  return minor <= 0x0f ? 'tls-by-code' : 'none';
}
