/** Where the two ends of a tunnel stand. */

/** One end: what runs there starts with the words of `within`, and is reached from the other end at `address`. */
export interface Side {
  readonly address: string;
  readonly within: readonly string[];
}

export interface Place {
  /** Of the client and of locals. */
  readonly near: Side;
  /** Of remotes and of the target. */
  readonly far: Side;
}

const here: Side = { address: '127.0.0.1', within: [] };

/** Both ends on this machine's loopback interface. */
export const loopback: Place = { near: here, far: here };
