/** What the users of a remote have done so far, and are doing. */

/** The traffic of one user, since the remote began or was last cleared. */
export interface UserTraffic {
  /** Bytes of payload from clients to targets, of streams and datagrams, of those still open too. */
  readonly up: number;
  /** Bytes of payload from targets to clients. */
  readonly down: number;
  readonly datagramsUp: number;
  readonly datagramsDown: number;
  /** Streams that are open now. */
  readonly streams: number;
  /** Associations that are open now. */
  readonly associations: number;
  /** Those that have been opened, each counted once. */
  readonly openedStreams: number;
  readonly openedAssociations: number;
}

/** That of whoever has done nothing. */
export const noTraffic: UserTraffic = {
  up: 0,
  down: 0,
  datagramsUp: 0,
  datagramsDown: 0,
  streams: 0,
  associations: 0,
  openedStreams: 0,
  openedAssociations: 0,
};

/** What users have done. Whoever has done nothing has traffic of zeros. */
export interface UsageStore {
  of(name: string): Promise<UserTraffic>;
  /** By name, whoever has done anything. With `clear`, what was read is not counted again. */
  all(options?: { readonly clear?: boolean }): Promise<ReadonlyMap<string, UserTraffic>>;
}
