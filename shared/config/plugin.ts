/** Plugins as they are named in flags and URIs (SIP003): `NAME` or `NAME;OPTIONS`. */
import { ConfigError } from '../errors.js';
import type { Plugin } from '../net/plugin.js';
import { controls } from './uri-text.js';

/** The flags of both halves that are about plugins. */
export interface PluginFlags {
  readonly plugin?: string;
}

/** Plugins that others than the operator may name, too: a URI, a subscription, a manager. */
export interface LocalPluginFlags extends PluginFlags {
  readonly allowPlugin?: readonly string[];
}

/**
 * The plugin that `text` names: a program, and behind the first `;` what it is told, which is the plugin's own affair.
 * ConfigError, beginning with `what`, for one without a name or with control characters.
 */
export function readPlugin(what: string, text: string): Plugin {
  if (controls.test(text)) throw new ConfigError(`${what}: expected no control characters, got one`);
  const [name = ''] = text.split(';', 1);
  if (name === '') throw new ConfigError(`${what}: expected NAME or NAME;OPTIONS, got no name`);
  const options = text.slice(name.length + 1);
  return { name, ...(options !== '' && { options }) };
}

/** The text that `readPlugin` reads back. */
export function formatPlugin({ name, options }: Plugin): string {
  return options === undefined ? name : `${name};${options}`;
}

/** The same text without what the plugin is told: that may be a password. */
export function redactPlugin(text: string): string {
  return text.replace(/;.*$/s, ';***');
}
