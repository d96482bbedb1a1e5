/** A user and a password that a client must name before it may use a port (RFC 1929; Basic of RFC 7617). */
export interface Credential {
  readonly user: string;
  readonly password: string;
}
