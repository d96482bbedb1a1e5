/** What fits into a sockaddr_un of Linux, in bytes, less the NUL at its end. */
const longestPath = 107;

/** Why no unix socket can have this path, as "expected …, got …", or undefined when one can. */
export function checkUnixPath(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes > longestPath) return `expected a path of at most ${longestPath} bytes, got ${bytes}`;
  if (path.includes('\0')) return 'expected a path without a NUL character, got one';
  return path === '' ? 'expected a path, got none' : undefined;
}
