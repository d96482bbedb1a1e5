/** The ways out of one dialer: one, or as many as its rule has named so far. */
import { systemEnvironment } from '../shared/net/system.js';
import { type CancellableResolver, createResolver } from '../shared/net/resolve.js';
import { type WayAround, type WayOut, wayOut } from '../shared/serve/way-out.js';
import { hopsIn, type ProxiedTarget, type ProxyChoice, type ProxyOptions, type ProxyUri } from './choice.js';

/** A rule may name ever new ways; what was kept for the oldest is given up. */
const mostWays = 64;

/** A way out, and the proxies on it, without their passwords and keys. */
export interface NamedWay {
  readonly out: WayOut;
  readonly proxies: readonly string[];
}

export class Ways {
  readonly #options: ProxyOptions;
  readonly #around: WayAround;
  readonly #resolver: CancellableResolver = createResolver();
  readonly #known = new Map<string, NamedWay>();
  readonly #chosen: (target: ProxiedTarget) => NamedWay;

  /**
   * `once`: there will be one dial, and no other.
   * @throws GeneralProxyError for a choice that cannot be used, as far as it is one already.
   */
  constructor(choice: ProxyChoice, options: ProxyOptions, { once }: { readonly once: boolean }) {
    const { proxyTls = {} } = options;
    this.#options = options;
    this.#around = { environment: systemEnvironment, resolver: this.#resolver, proxyTls, once };
    if (typeof choice === 'function') this.#chosen = (target) => this.#way(choice(target));
    else {
      const only = this.#way(choice);
      this.#chosen = () => only;
    }
  }

  /** The way to a target. @throws GeneralProxyError when the rule names one that cannot be used. */
  to(target: ProxiedTarget): NamedWay {
    return this.#chosen(target);
  }

  /** Gives up all that is kept for further dials. */
  close(): void {
    for (const { out } of this.#known.values()) out.close();
    // Sockets that are out may still have to find out whether their remote is there.
    this.#resolver.cancel();
  }

  #way(chosen: ProxyUri | readonly ProxyUri[]): NamedWay {
    // No URI has an end of line in it.
    const key = [chosen].flat().map(String).join('\n');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hops = hopsIn(chosen, this.#options);
    const out = wayOut(hops, this.#around);
    const proxies = hops.filter(({ kind }) => kind !== 'direct').map(({ name }) => name);
    const way = { out, proxies };
    this.#known.set(key, way);
    const [oldest] = this.#known;
    if (this.#known.size > mostWays && oldest !== undefined) {
      this.#known.delete(oldest[0]);
      oldest[1].out.close();
    }
    return way;
  }
}
