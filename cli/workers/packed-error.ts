/** Errors on their way from one process to another: their class and what the program reads of them, without a stack. */
import { codeOf, ConfigError, messageOf } from '../../shared/errors.js';

/** What Node adds to the errors of the system. */
const systemFields = ['address', 'port', 'hostname', 'path', 'syscall'] as const;

export interface PackedError {
  readonly message: string;
  readonly code: string | undefined;
  /** Of a ConfigError, the messages of the others. */
  readonly others: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

export function packError(error: unknown): PackedError {
  const fields = error instanceof Error ? Object.entries(error) : [];
  return {
    message: messageOf(error),
    code: codeOf(error),
    others: error instanceof ConfigError ? error.others.map(({ message }) => message) : [],
    fields: Object.fromEntries(fields.filter(([name]) => systemFields.some((each) => each === name))),
  };
}

/** An error that ends a start as the one that was packed would have. */
export function unpackError({ message, code, others, fields }: PackedError): Error {
  if (code === 'config') {
    return new ConfigError(message, { others: others.map((other) => new ConfigError(other)) });
  }
  return Object.assign(new Error(message), { ...fields, ...(code !== undefined && { code }) });
}
