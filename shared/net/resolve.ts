/**
 * Names to addresses, for everything that dials: IP literals are themselves, then the hosts file, then a small
 * cache, then the name servers, each name once for all who wait for it (T-41).
 */
import { parseIp } from '../codec/ip.js';
import { DialError } from '../errors.js';
import { checkHostname } from '../proxy/hostname.js';
import { HostsFile, hostsPath } from './hosts.js';
import { type Answer, type Lookup, lookUp } from './lookup.js';

export interface Resolver {
  /**
   * At least one IP literal for `host`, in no order that matters.
   * @throws DialError `name-not-resolved`: no such name, no answer within 4 s, or nothing a name may look like.
   */
  resolve(host: string): Promise<readonly string[]>;
  /** Gives up all that is under way; nothing is looked up after it. */
  close(): void;
}

/** A resolver that may be silenced for now. */
export interface CancellableResolver extends Resolver {
  /** Gives up all that is under way. */
  cancel(): void;
}

export interface ResolverOptions {
  /** Name servers as `IP:port`. Default: those of the system. */
  readonly servers?: readonly string[];
  /** Path of the hosts file. Default: that of the system. */
  readonly hosts?: string;
}

/** Names looked up at the same time. The rest wait in line, and when that is full they are turned away. */
const maxInFlight = 256;
const maxWaiting = 1024;
/** Names remembered; the oldest makes room. */
const maxCached = 4096;
/** How long an answer is remembered at most, and how long that there was none, in milliseconds. */
const positiveFor = 60_000;
const negativeFor = 5000;

/** A resolver with a cache of its own. */
export function createResolver(options: ResolverOptions = {}): CancellableResolver {
  return new CachingResolver(options);
}

class CachingResolver implements CancellableResolver {
  readonly #servers: readonly string[] | undefined;
  readonly #hosts: HostsFile;
  readonly #cache = new Map<string, { readonly answer: Answer; readonly until: number }>();
  /** Every name that somebody waits for, in line or in flight. */
  readonly #asked = new Map<string, Promise<Answer>>();
  readonly #inFlight = new Set<Lookup>();
  readonly #line: (() => void)[] = [];
  #closed = false;

  constructor(options: ResolverOptions) {
    this.#servers = options.servers;
    this.#hosts = new HostsFile(options.hosts ?? hostsPath);
  }

  async resolve(host: string): Promise<readonly string[]> {
    if (parseIp(host) !== undefined) return [host];
    const complaint = checkHostname(host);
    if (complaint !== undefined) throw new DialError('name-not-resolved', `name: ${complaint}`);
    const name = host.toLowerCase().replace(/\.$/, '');

    const settled = await this.#hosts.find(name);
    if (settled.length > 0) return settled;
    // RFC 6761 §6.3: never a question for a name server.
    if (name === 'localhost' || name.endsWith('.localhost')) return ['::1', '127.0.0.1'];

    const { addresses, failure } = await (this.#remembered(name) ?? this.#asked.get(name) ?? this.#ask(name));
    if (failure !== undefined)
      throw new DialError('name-not-resolved', `name: expected an address, got ${failure}`);
    return addresses;
  }

  cancel(): void {
    const closed = this.#closed;
    this.close();
    this.#closed = closed;
  }

  close(): void {
    this.#closed = true;
    for (const next of this.#line.splice(0)) next();
    for (const lookup of this.#inFlight) lookup.cancel();
  }

  #remembered(name: string): Answer | undefined {
    const known = this.#cache.get(name);
    return known !== undefined && performance.now() < known.until ? known.answer : undefined;
  }

  #ask(name: string): Promise<Answer> {
    if (this.#line.length >= maxWaiting) return Promise.resolve(notAsked('too many names at once'));
    const answer = new Promise<Answer>((resolve) => {
      const start = (): void => {
        resolve(this.#closed ? notAsked('a closed resolver') : this.#lookUp(name));
      };
      if (this.#inFlight.size < maxInFlight) start();
      else this.#line.push(start);
    });
    this.#asked.set(name, answer);
    return answer;
  }

  #lookUp(name: string): Promise<Answer> {
    const lookup = lookUp(name, this.#servers);
    this.#inFlight.add(lookup);
    void lookup.whole.then((answer) => {
      this.#inFlight.delete(lookup);
      this.#asked.delete(name);
      this.#remember(name, answer);
      this.#line.shift()?.();
    });
    return lookup.first;
  }

  #remember(name: string, answer: Answer): void {
    const lifetime = answer.failure === undefined ? Math.min(answer.ttl * 1000, positiveFor) : negativeFor;
    this.#cache.delete(name);
    this.#cache.set(name, { answer, until: performance.now() + lifetime });
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= maxCached) break;
      this.#cache.delete(oldest);
    }
  }
}

function notAsked(failure: string): Answer {
  return { addresses: [], ttl: 0, failure };
}
