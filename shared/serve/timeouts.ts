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
  /** The remote's answer to a request; it spends up to `dialMs` on the target itself. */
  readonly replyMs: number;
  /** A carrier whose bytes wait and do not leave: then the local looks whether the remote can still be reached. */
  readonly stallMs: number;
  /** A relayed conversation in which no byte moves. */
  readonly idleMs: number;
  /** A client over the standard wire that waits for the server to speak first gets its header sent after this. */
  readonly firstPayloadMs: number;
}

export const defaultTimeouts: Timeouts = {
  handshakeMs: 10_000,
  absorbMs: 59_000,
  requestMs: 60_000,
  dialMs: 10_000,
  replyMs: 15_000,
  stallMs: 30_000,
  idleMs: 7_200_000,
  firstPayloadMs: 50,
};
