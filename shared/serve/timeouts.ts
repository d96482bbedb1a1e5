/** How long each wait of a local or a remote may take, in milliseconds. All are absolute but `idleMs`. */
export interface Timeouts {
  /** A client of the local, from its connection to its whole request (docs/probes.md T-38). */
  readonly handshakeMs: number;
  /** An opening at the remote that has not proved to hold the key: then one FIN (docs/probes.md T-01). */
  readonly absorbMs: number;
  /** A conversation at the remote, from its carrier's opening to its whole request. */
  readonly requestMs: number;
  /** Reaching a target, or the remote: name and connection together. */
  readonly dialMs: number;
  /** A remote that is one of several, before it is doubted and another one is asked. */
  readonly attemptMs: number;
  /** From one look at a remote that is one of several, and works, to the next, on average. */
  readonly probeMs: number;
  /** The same, at least, when such a remote leaves connections over the standard wire without an answer. */
  readonly doubtMs: number;
  /** The remote's answer to a request; it spends up to `dialMs` on the target itself. */
  readonly replyMs: number;
  /** A carrier whose bytes wait and do not leave: then the local looks whether the remote can still be reached. */
  readonly stallMs: number;
  /** A carrier that has ended a conversation, before its local closes it (docs/raw-wire.md §3). */
  readonly carrierIdleMs: number;
  /** The same, before its remote does. */
  readonly carrierRestMs: number;
  /** A carrier that has said nothing yet; a remote closes it after `absorbMs`. */
  readonly carrierWarmMs: number;
  /** From the last conversation of a local, while it keeps carriers warm. */
  readonly warmForMs: number;
  /** The age from which a carrier takes no further conversation. */
  readonly carrierAgeMs: number;
  /** A relayed conversation in which no byte moves. */
  readonly idleMs: number;
  /** The pause before a client with wrong credentials hears so: the same for all of them. */
  readonly deniedMs: number;
  /** A binding that waits for its connection (RFC 1928 names no time; SOCKS4 says two minutes). */
  readonly bindMs: number;
  /** An association at the remote that carries nothing. */
  readonly udpIdleMs: number;
  /** The same, when all it has asked were name servers. */
  readonly dnsIdleMs: number;
  /** A client of a forward whose datagrams, and answers to them, have ceased. */
  readonly sessionIdleMs: number;
  /** A client over the standard wire that waits for the server to speak first gets its header sent after this. */
  readonly firstPayloadMs: number;
}

export const defaultTimeouts: Timeouts = {
  handshakeMs: 10_000,
  absorbMs: 59_000,
  requestMs: 60_000,
  dialMs: 10_000,
  attemptMs: 3_000,
  probeMs: 300_000,
  doubtMs: 10_000,
  replyMs: 15_000,
  stallMs: 30_000,
  carrierIdleMs: 55_000,
  carrierRestMs: 120_000,
  carrierWarmMs: 50_000,
  warmForMs: 60_000,
  carrierAgeMs: 3_600_000,
  idleMs: 7_200_000,
  deniedMs: 1_000,
  bindMs: 120_000,
  udpIdleMs: 300_000,
  dnsIdleMs: 60_000,
  sessionIdleMs: 60_000,
  firstPayloadMs: 50,
};
