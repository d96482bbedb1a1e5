/** What the page of a proxy port names. */
import { networkInterfaces } from 'node:os';
import { hostForOthers } from '../shared/config/public-host.js';
import { readService } from '../shared/config/service-address.js';
import type { LocalSettings } from '../shared/config/settings.js';
import type { Service } from '../shared/service.js';

/** The name of the first of those who may use it; undefined where nobody is asked. */
export function firstUser({ credentials }: Pick<LocalSettings, 'credentials'>): string | undefined {
  return credentials[0]?.user;
}

/** Where it listens, and where other machines find it, if they do. */
export function portOf({ listen }: Service): {
  readonly listen: string;
  readonly others: string | undefined;
} {
  const { host } = readService(listen);
  return { listen, others: hostForOthers({ listen: host, interfaces: networkInterfaces() }) };
}
