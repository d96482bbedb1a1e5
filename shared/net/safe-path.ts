/** Where a document may come from that others must neither read nor change. */

/** The hosts of a URL that are this machine, as `URL` spells them. */
const thisMachine = /^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})$/;

/** Whether a document may come from there: over a path that nobody on it can read or change. */
export function isSafePath({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && thisMachine.test(hostname));
}
