/** The ways out of a forward: straight, through the tunnel, and through proxies that other people have written. */
import { realProxies } from './real-proxies.js';

export interface ForwardWay {
  /** Starts all that is on it; the URIs for `--via`. */
  readonly start: () => Promise<readonly string[]>;
  /** What it leads to beside IPv4. */
  readonly toIpv6: boolean;
  /** Whether the end of one direction leaves the other open. */
  readonly halfCloses: boolean;
  /** Whether it passes on a reset as one. */
  readonly tellsResets: boolean;
  /** Whether it carries datagrams. */
  readonly datagrams: boolean;
  /** Whether they may be of any length. */
  readonly longDatagrams: boolean;
  /** Whether it takes hundreds of connections at once with its defaults. */
  readonly crowds: boolean;
}

const all = {
  toIpv6: true,
  halfCloses: true,
  tellsResets: true,
  datagrams: true,
  longDatagrams: true,
  crowds: true,
} as const;
const one = (name: keyof typeof realProxies) => async (): Promise<readonly string[]> => [
  await realProxies[name].start(),
];

export const forwardWays: Readonly<Record<string, ForwardWay>> = {
  straight: { ...all, start: () => Promise.resolve([]) },
  'our remote': { ...all, start: one('our remote') },
  // It cuts datagrams off at some 1,400 bytes.
  'ss-server': {
    ...all,
    start: one('ss-server'),
    halfCloses: false,
    tellsResets: false,
    longDatagrams: false,
  },
  // It is told one address of its own to go out from, of IPv4.
  dante: { ...all, start: one('dante, SOCKS5'), toIpv6: false, tellsResets: false, crowds: false },
  microsocks: {
    ...all,
    start: one('microsocks'),
    halfCloses: false,
    tellsResets: false,
    datagrams: false,
  },
  tinyproxy: {
    ...all,
    start: one('tinyproxy'),
    halfCloses: false,
    tellsResets: false,
    datagrams: false,
    crowds: false,
  },
  'microsocks, then our remote': {
    ...all,
    start: async () => [...(await one('microsocks')()), ...(await one('our remote')())],
    halfCloses: false,
    tellsResets: false,
    datagrams: false,
  },
};

/** Those of them that have a quality. */
export function waysWith(
  quality: Exclude<keyof ForwardWay, 'start'>,
): readonly (readonly [string, ForwardWay])[] {
  return Object.entries(forwardWays).filter(([, way]) => way[quality]);
}
