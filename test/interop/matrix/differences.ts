/** What more than one of them does in its own way. */

export const together =
  'It has no half-close: the end of one direction is, at once or soon, the end of both.';

export const recordings =
  'With the methods of 2017 this server takes recordings, unless it is told otherwise where it can be (`security.replay_attack.policy` in shadowsocks-rust). Our remote never does.';

export const oneRead =
  'Servers of 2022 may insist on the whole beginning in one read (SIP022), and this one does. Networks deliver it so; only something in between that cuts it into pieces, such as a plugin, makes it refuse.';

/**
 * A key for servers that draw from it how many bytes they swallow of a connection that does not have it. With few they
 * end it as any other is ended, which nobody can tell from a target that has nothing to say; with this one they wait.
 */
export const waitingSecret = 'waiting-long-enough-1';
