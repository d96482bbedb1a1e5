import { formatTarget } from '../codec/address.js';
import { ConfigError, messageOf } from '../errors.js';

/** How a program ends, after sysexits(3): what supervisors and scripts tell apart. */
export const exitCodes = {
  stopped: 0,
  usage: 64,
  unavailable: 69,
  internal: 70,
  permission: 77,
  config: 78,
} as const;

/** The command line makes no sense as it stands: an unknown flag, two flags that contradict each other. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** How a program that could not start ends: the code, and one line without a stack trace that says why. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
  /** Lines about what else is wrong, when that was found at the same time. */
  readonly others?: readonly string[];
}

/** The errno words that mean something to whoever started the program, and what to do about each. */
const systemErrors: ReadonlyMap<string, { readonly exitCode: number; readonly advice: string }> = new Map([
  [
    'EADDRINUSE',
    {
      exitCode: exitCodes.unavailable,
      advice: 'another program listens there; choose a port with -l',
    },
  ],
  [
    'EADDRNOTAVAIL',
    {
      exitCode: exitCodes.unavailable,
      advice: 'no network interface of this machine has that address; choose another with -l',
    },
  ],
  [
    'EAFNOSUPPORT',
    {
      exitCode: exitCodes.unavailable,
      advice: 'this machine does not speak that version of IP; choose another address with -l',
    },
  ],
  [
    'ENOTFOUND',
    { exitCode: exitCodes.config, advice: 'that name has no address here; give an address with -l' },
  ],
  [
    'EACCES',
    {
      exitCode: exitCodes.permission,
      advice: 'ports below 1024 need special rights; choose a higher one with -l',
    },
  ],
  ['EPERM', { exitCode: exitCodes.permission, advice: 'the system does not permit it' }],
]);

/**
 * What became of a failed start. An error from the system names the address or the file it is about; anything that
 * is not known here is a fault of the program itself.
 */
export function endingOf(error: unknown): Ending {
  if (error instanceof UsageError) return { exitCode: exitCodes.usage, message: error.message };
  if (error instanceof ConfigError) {
    const others = error.others.map(({ message }) => message);
    return { exitCode: exitCodes.config, message: error.message, ...(others.length > 0 && { others }) };
  }
  const failure = systemFailure(error);
  const row = systemErrors.get(failure?.code ?? '');
  if (failure === undefined || row === undefined) {
    const words = messageOf(error);
    return { exitCode: exitCodes.internal, message: `internal error: ${words}` };
  }
  return { exitCode: row.exitCode, message: describe(failure, row.advice) };
}

/** What Node adds to the errors of the system; which of it depends on the call that failed. */
interface SystemError extends Error {
  readonly code: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly path?: string;
}

/** The error with an errno word, which may be the cause of the one that was thrown. */
function systemFailure(error: unknown): SystemError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && systemErrors.has(at.code)) return at as SystemError;
  }
  return undefined;
}

function describe({ code, address, port, hostname, path, message }: SystemError, advice: string): string {
  if (address !== undefined && port !== undefined) {
    return `cannot listen on ${formatTarget({ host: address, port })} (${code}): ${advice}`;
  }
  if (hostname !== undefined) return `cannot listen on ${hostname} (${code}): ${advice}`;
  return path === undefined ? message : `cannot use ${path}: expected access, got ${code}`;
}
