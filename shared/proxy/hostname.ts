/**
 * Which texts are host names. Stricter than DNS, because what DNS would merely fail to find, a resolver of the C
 * library turns into an address: `2130706433`, `0x7f000001`, `127.1` and `127.0.0.1\0.example.com` all reach
 * 127.0.0.1 there. Nothing that is not a plain name gets that far.
 */

/** The longest name in bytes, with or without its final dot (RFC 1035 §3.1, as text). */
const maxNameLength = 253;
/** RFC 1035 §2.3.4. */
const maxLabelLength = 63;
const label = /^[A-Za-z0-9_-]+$/;
/** What `inet_aton` would take for the last part of an address: decimal, octal or hexadecimal. */
const number = /^(?:[0-9]+|0x[0-9a-f]*)$/i;

/**
 * Why `host` cannot be a host name, as "expected …, got …" without the name itself, or undefined when it can:
 * 1..253 bytes, labels of 1..63 letters, digits, `-` and `_`, an optional final dot, a last label that is no number.
 * IP literals are no names: ask about those first.
 */
export function checkHostname(host: string): string | undefined {
  if (host.length < 1 || host.length > maxNameLength) {
    return `expected a name of 1 to ${maxNameLength} bytes, got ${host.length}`;
  }
  const labels = (host.endsWith('.') ? host.slice(0, -1) : host).split('.');
  for (const part of labels) {
    if (part.length < 1 || part.length > maxLabelLength) {
      return `expected labels of 1 to ${maxLabelLength} bytes, got ${part.length}`;
    }
    if (!label.test(part)) return 'expected letters, digits, - and _, got another character';
  }
  if (number.test(labels.at(-1) ?? ''))
    return 'expected a name or an IP address, got a number in its last label';
  return undefined;
}
