/**
 * One name, asked of the name servers: A and AAAA at the same time, through c-ares.
 *
 * `dns.lookup` is never used: it sits in libuv's thread pool, where two dead names stall everybody else (T-41).
 * Each lookup has a c-ares channel of its own, 18 µs to make. A shared one would use a single UDP port for all its
 * questions, which is easier to spoof; it would keep the name servers of the network where the laptop was started;
 * and it cannot give up one name without giving up all.
 */
import { Resolver } from 'node:dns/promises';
import { codeOf } from '../errors.js';

/** What the name servers said. */
export interface Answer {
  /** IP literals, IPv6 first; empty when there are none. */
  readonly addresses: readonly string[];
  /** The shortest time to live among the records, in seconds. */
  readonly ttl: number;
  /** Why `addresses` is empty: the code of c-ares, such as `ENOTFOUND`. */
  readonly failure?: string;
}

/** A lookup under way. Neither promise is ever rejected. */
export interface Lookup {
  /** As soon as it is worth dialling. */
  readonly first: Promise<Answer>;
  /** When both families have been heard, or have been waited for long enough. */
  readonly whole: Promise<Answer>;
  /** Gives up: what is still out counts as not answered. */
  cancel(): void;
}

/** One question: how long to wait for an answer, and how often to ask. The second wait of c-ares is twice as long … */
const question = { timeout: 2000, tries: 2 };
/** … so this, in milliseconds, ends it. */
const deadline = 4000;
/** How long IPv4 waits for IPv6 (RFC 8305 §3), in milliseconds. */
const resolutionDelay = 50;
/** More addresses of one family are not kept: nobody dials them, and an answer of 64 KiB holds thousands. */
const maxAddresses = 32;

/** Asks for both families of `name`; `servers` as `IP:port` instead of those of the system. */
export function lookUp(name: string, servers?: readonly string[]): Lookup {
  const channel = new Resolver(question);
  if (servers !== undefined) channel.setServers(servers);
  const timer = setTimeout(() => {
    channel.cancel();
  }, deadline);

  const six = answered(channel.resolve6(name, { ttl: true }));
  const four = answered(channel.resolve4(name, { ttl: true }));
  const whole = Promise.all([six, four]).then(([ipv6, ipv4]) => {
    clearTimeout(timer);
    return join(ipv6, ipv4);
  });
  return {
    first: firstUseful(four, whole),
    whole,
    cancel: () => {
      channel.cancel();
    },
  };
}

/**
 * IPv4 goes ahead when IPv6 is late. Not the other way round, though RFC 8305 allows it: many a host has no IPv6
 * at all, and a lost packet must not turn into "network unreachable" there.
 */
function firstUseful(four: Promise<Answer>, whole: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve) => {
    let patience: NodeJS.Timeout | undefined;
    void four.then((answer) => {
      if (answer.addresses.length > 0) patience = setTimeout(resolve, resolutionDelay, answer);
    });
    void whole.then((answer) => {
      clearTimeout(patience);
      resolve(answer);
    });
  });
}

async function answered(
  records: Promise<readonly { readonly address: string; readonly ttl: number }[]>,
): Promise<Answer> {
  try {
    const kept = (await records).slice(0, maxAddresses);
    return { addresses: kept.map(({ address }) => address), ttl: Math.min(...kept.map(({ ttl }) => ttl)) };
  } catch (error) {
    const failure = codeOf(error) ?? 'no answer';
    return {
      addresses: [],
      ttl: Infinity,
      failure: failure === 'ECANCELLED' ? 'no answer in time' : failure,
    };
  }
}

function join(ipv6: Answer, ipv4: Answer): Answer {
  const addresses = [...ipv6.addresses, ...ipv4.addresses];
  const failure = ipv4.failure ?? ipv6.failure ?? 'no address';
  return { addresses, ttl: Math.min(ipv6.ttl, ipv4.ttl), ...(addresses.length === 0 && { failure }) };
}
