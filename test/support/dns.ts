/** A name server for tests: UDP on loopback, answers by a function, remembers what it was asked. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { parseIp } from '../../shared/codec/ip.js';

export type Family = 'A' | 'AAAA';

/** What the server says to one question; `silent` is no answer at all. */
export type DnsReply =
  | { readonly addresses: readonly string[]; readonly ttl?: number; readonly cname?: string }
  | 'NXDOMAIN'
  | 'SERVFAIL'
  | 'silent';

export type Zone = (name: string, family: Family) => DnsReply | Promise<DnsReply>;

export interface FakeDns {
  /** `IP:port`, as `servers` of a resolver wants it. */
  readonly address: string;
  /** The questions so far, as `A example.com`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const types: ReadonlyMap<number, Family> = new Map([
  [1, 'A'],
  [28, 'AAAA'],
]);
const typeNumbers: Readonly<Record<Family, number>> = { A: 1, AAAA: 28 };
const rcodes: ReadonlyMap<DnsReply, number> = new Map<DnsReply, number>([
  ['SERVFAIL', 2],
  ['NXDOMAIN', 3],
]);

/** Starts a server that answers with what `zone` says. Names come without a final dot, in the case of the question. */
export async function fakeDns(zone: Zone): Promise<FakeDns> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query);
    const family = types.get(query.readUInt16BE(end)) ?? 'A';
    asked.push(`${family} ${name}`);
    void answer(query.subarray(0, end + 4), family, zone(name, family)).then((reply) => {
      if (reply !== undefined) socket.send(reply, port, address);
    });
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readName(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

/** `question` is the query up to the end of its question section (RFC 1035 §4.1). */
async function answer(
  question: Buffer,
  family: Family,
  saying: ReturnType<Zone>,
): Promise<Buffer | undefined> {
  const reply = await saying;
  if (reply === 'silent') return undefined;
  const records = typeof reply === 'string' ? [] : recordsOf(reply, family);
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | (rcodes.get(reply) ?? 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records]);
}

function recordsOf(reply: Exclude<DnsReply, string>, family: Family): readonly Buffer[] {
  const { addresses, ttl = 60, cname } = reply;
  const owner = cname === undefined ? Buffer.from([0xc0, 12]) : encodeName(cname);
  const alias =
    cname === undefined ? [] : [record(Buffer.from([0xc0, 12]), { type: 5, ttl, rdata: encodeName(cname) })];
  const found = addresses.map((ip) => {
    return record(owner, { type: typeNumbers[family], ttl, rdata: Buffer.from(parseIp(ip) ?? []) });
  });
  return [...alias, ...found];
}

function encodeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

interface ResourceRecord {
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Buffer;
}

function record(owner: Buffer, { type, ttl, rdata }: ResourceRecord): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(rdata.length, 8);
  return Buffer.concat([owner, fixed, rdata]);
}
