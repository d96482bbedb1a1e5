/** What the flags of hooks are called, and what they may say. It is loaded with every command: what reads them is not. */
import type { DumpFormat } from '../hooks/dumper/settings.js';
import type { InformerForm } from '../hooks/informer.js';
import type { HookFlags } from './hook-flags.js';

const names = {
  hooks: true,
  informerForm: true,
  dumpDir: true,
  dumpFormat: true,
  dumpTarget: true,
  dumpFileSize: true,
  dumpFiles: true,
  dumpSecrets: true,
} as const satisfies Record<keyof HookFlags, true>;

/** Whether any of the flags of hooks is among these. */
export function saysOfHooks(flags: object): boolean {
  return Object.entries(flags).some(([name, value]) => Object.hasOwn(names, name) && value !== undefined);
}

export const informerForms: readonly InformerForm[] = ['compact', 'wide', 'json'];
export const dumpFormats: readonly DumpFormat[] = ['text', 'pcapng'];
