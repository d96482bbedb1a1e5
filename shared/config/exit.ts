import { formatTarget } from '../codec/address.js';
import { codeOf, ConfigError, messageOf } from '../errors.js';

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

/** Where the operator wanted something to listen, it cannot: `flag` says where it was told. Its cause is the system's error. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly flag: string;
  /** The errno word. */
  readonly code: unknown;

  constructor(flag: string, cause: unknown) {
    super(listenWords(flag, cause), { cause });
    this.flag = flag;
    this.code = codeOf(cause);
  }
}

/** What a command was to print could not be written. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code = 'output';
}

/** The same, with errors of the system as a ListenError that names the flag, unless somebody has named another one. */
export async function listeningBy<T>(flag: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof ListenError || systemFailure(error) === undefined) throw error;
    throw new ListenError(flag, error);
  }
}

/** How a program that could not start ends: the code, and one line without a stack trace that says why. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
  /** Lines about what else is wrong, when that was found at the same time. */
  readonly others?: readonly string[];
}

interface SystemAdvice {
  readonly exitCode: number;
  /** What to do about it; `flag` is where the address was given. */
  readonly advice: (flag: string) => string;
}

/** The errno words that mean something to whoever started the program, and what to do about each. */
const systemErrors: ReadonlyMap<string, SystemAdvice> = new Map<string, SystemAdvice>([
  [
    'EADDRINUSE',
    {
      exitCode: exitCodes.unavailable,
      advice: (flag) => `another program listens there; choose a port with ${flag}`,
    },
  ],
  [
    'EEXIST',
    {
      exitCode: exitCodes.unavailable,
      advice: (flag) => `something else is there; choose a path with ${flag}`,
    },
  ],
  [
    'EADDRNOTAVAIL',
    {
      exitCode: exitCodes.unavailable,
      advice: (flag) => `no network interface of this machine has that address; choose another with ${flag}`,
    },
  ],
  [
    'EAFNOSUPPORT',
    {
      exitCode: exitCodes.unavailable,
      advice: (flag) => `this machine does not speak that version of IP; choose another address with ${flag}`,
    },
  ],
  [
    'ENOTFOUND',
    {
      exitCode: exitCodes.config,
      advice: (flag) => `that name has no address here; give an address with ${flag}`,
    },
  ],
  [
    'EACCES',
    {
      exitCode: exitCodes.permission,
      advice: (flag) => `ports below 1024 need special rights; choose a higher one with ${flag}`,
    },
  ],
  ['EPERM', { exitCode: exitCodes.permission, advice: () => 'the system does not permit it' }],
]);

/**
 * What became of a failed start. An error from the system names the address or the file it is about; anything that
 * is not known here is a fault of the program itself.
 */
export function endingOf(error: unknown): Ending {
  if (error instanceof UsageError) return { exitCode: exitCodes.usage, message: error.message };
  if (error instanceof OutputError) return { exitCode: exitCodes.unavailable, message: error.message };
  if (error instanceof ConfigError) {
    const others = error.others.map(({ message }) => message);
    return { exitCode: exitCodes.config, message: error.message, ...(others.length > 0 && { others }) };
  }
  const failure = systemFailure(error);
  const row = rowOf(failure);
  if (failure === undefined || row === undefined) {
    const words = messageOf(error);
    return { exitCode: exitCodes.internal, message: `internal error: ${words}` };
  }
  return { exitCode: row.exitCode, message: describe(failure, row.advice(flagOf(error))) };
}

/** What Node adds to the errors of the system; which of it depends on the call that failed. */
interface SystemError extends Error {
  readonly code: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly path?: string;
}

function rowOf(failure: SystemError | undefined): SystemAdvice | undefined {
  return systemErrors.get(failure?.code ?? '');
}

/** What is wrong with the place that `flag` names, and what to do about it. */
function listenWords(flag: string, cause: unknown): string {
  const failure = systemFailure(cause);
  const row = rowOf(failure);
  return failure === undefined || row === undefined
    ? `${flag}: ${messageOf(cause)}`
    : describe(failure, row.advice(flag));
}

/** Where to choose another address: most errors are about that of the port itself. */
function flagOf(error: unknown): string {
  return error instanceof ListenError ? error.flag : '-l';
}

/** The error with an errno word, which may be the cause of the one that was thrown. */
function systemFailure(error: unknown): SystemError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ListenError) continue;
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
