import type { Refusal } from '../errors.js';

/** What a refusal means, in the few words a log or a status line has room for. */
export const refusalWords: Readonly<Record<Refusal, string>> = {
  'general-failure': 'general failure',
  'not-allowed': 'not allowed by the rules',
  'network-unreachable': 'network unreachable',
  'host-unreachable': 'host unreachable',
  'name-not-resolved': 'name does not resolve',
  'connection-refused': 'connection refused',
  'timed-out': 'connection timed out',
  'command-not-supported': 'command not supported',
  'address-type-not-supported': 'address type not supported',
};
