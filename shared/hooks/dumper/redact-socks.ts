/** Which bytes of a client's words to a SOCKS proxy are its user and its password. */

/** Longer ones are no SOCKS4. */
const maxUser = 512;

/**
 * Is given one byte after the other, behind a first `next` that begins, and answers each with whether it is secret; it returns with the
 * last one. Whatever else begins with 4 or 5 loses a few hundred bytes at most.
 */
export function* socksSecrets(): Generator<boolean, boolean, number> {
  const version = yield false;
  return version === 4 ? yield* socks4() : yield* socks5();
}

/**
 * VN is read already.
 * ```
 *   VN 4 │ CD │ DSTPORT │ DSTIP │ USERID │ NULL
 *     1  │  1 │    2    │   4   │        │   1
 * ```
 */
function* socks4(): Generator<boolean, boolean, number> {
  const command = yield false;
  if (command !== 1 && command !== 2) return false;
  for (let count = 0; count < 6; count++) yield false;
  let byte = yield false;
  for (let count = 0; byte !== 0 && count < maxUser; count++) byte = yield true;
  return false;
}

/**
 * VER is read already (RFC 1928 §3). Behind the methods there is either a request, which begins with 5, or this (RFC 1929 §2):
 * ```
 *   VER 1 │ ULEN │ UNAME │ PLEN │ PASSWD
 *      1  │   1  │       │   1  │
 * ```
 */
function* socks5(): Generator<boolean, boolean, number> {
  const methods = yield false;
  for (let count = 0; count < methods; count++) yield false;
  if (methods === 0 || (yield false) !== 1) return false;
  return yield* secretField(yield* secretField(false));
}

/** A byte that says how many follow, and these. `verdict` is that on the byte before; brings that on the last. */
function* secretField(verdict: boolean): Generator<boolean, boolean, number> {
  const length = yield verdict;
  for (let count = 0; count < length; count++) yield count > 0;
  return length > 0;
}
