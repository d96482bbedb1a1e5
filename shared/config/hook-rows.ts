/** What a config file says of hooks. */
import { resolve } from 'node:path';
import type { Role } from '../observe/events.js';
import type { SettingRow } from './file-rows.js';
import {
  checkDumpFiles,
  checkHook,
  type HookFlags,
  isBuiltIn,
  parseDumpSize,
  parseDumpTarget,
} from './hook-flags.js';
import { dumpFormats, informerForms } from './hook-names.js';

const roles: readonly Role[] = ['local', 'remote', 'forward'];

export const hookRows: Readonly<Record<keyof HookFlags, SettingRow>> = {
  hooks: {
    kind: 'texts',
    orText: true,
    check: checkHook,
    within: (text, directory) => (isBuiltIn(text) ? text : resolve(directory, text)),
    roles,
    typed: '--hook',
    byDefault: 'none',
  },
  informerForm: { kind: 'text', choices: informerForms, roles, byDefault: 'compact' },
  dumpDir: {
    kind: 'text',
    within: (text, directory) => resolve(directory, text),
    roles,
    byDefault: 'none',
  },
  dumpFormat: { kind: 'texts', orText: true, choices: dumpFormats, roles, byDefault: dumpFormats.join(', ') },
  dumpTarget: { kind: 'texts', orText: true, check: parseDumpTarget, roles, byDefault: 'all' },
  dumpFileSize: { kind: 'text', orNumber: true, check: parseDumpSize, roles, byDefault: '100M' },
  dumpFiles: { kind: 'text', orNumber: true, check: checkDumpFiles, roles, byDefault: '1000' },
  dumpSecrets: { kind: 'switch', roles, byDefault: 'false' },
};
