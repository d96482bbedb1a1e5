/** Which headers of HTTP have credentials as their values. */

/** Those whose names do not say so. */
const known: ReadonlySet<string> = new Set([
  'dpop',
  'ocp-apim-subscription-key',
  // Browsers have no other place for a token when they open a WebSocket.
  'sec-websocket-protocol',
  'x-csrftoken',
  'x-functions-key',
]);

/** Whatever is neither a letter nor a digit is between two words, a NUL and blanks among it. */
const word =
  /(?<![a-z0-9])(?:auth[a-z]*|api-?key|cookie2?|jwt|passw(?:or)?d|secret|session|signature|token)s?(?![a-z0-9])/i;

/** `name` is what stands before the colon. */
export function isSecretHeader(name: string): boolean {
  return word.test(name) || known.has(name.trim().toLowerCase());
}
