/**
 * Commander, by `require`: to learn the names that a CommonJS package exports, `import` reads all of its source once
 * more, and that takes longer than to run it (13 of 21 ms).
 */
import { createRequire } from 'node:module';
import type * as Commander from 'commander';

const commander = createRequire(import.meta.url)('commander') as typeof Commander;

export type Command = Commander.Command;
export const Command: typeof Commander.Command = commander.Command;

export type CommanderError = Commander.CommanderError;
export const CommanderError: typeof Commander.CommanderError = commander.CommanderError;

export type Option = Commander.Option;
export const Option: typeof Commander.Option = commander.Option;
