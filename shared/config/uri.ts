import type { Method } from '../codec/methods.js';

/** A remote as one line of text: how to speak to it, with which key, and where it is. */
export interface ServerUri {
  /** `raw` is `halflight://`, `shadowsocks` is `ss://`. Both share SIP002's grammar. */
  readonly wire: 'raw' | 'shadowsocks';
  readonly method: Method;
  /** The base64 PSK of a 2022 method, or the password of a 2017 method; it fits the method. */
  readonly secret: string;
  /** A name, a dotted IPv4 or an IPv6 address without brackets. */
  readonly host: string;
  /** 1..65535 */
  readonly port: number;
  readonly tag?: string;
}
