/** What the commands have in common that read a config file. */
import type { FileSettings } from '../../shared/config/file-schema.js';
import type { LocalPluginFlags } from '../../shared/config/plugin.js';
import type { Role } from '../../shared/observe/events.js';
import type { ControlFlags } from '../control.js';
import type { UriOfFlags } from '../users.js';

/** What every command has that reads a config file. */
export interface ConfigFlag {
  readonly config?: string;
}

type Configure = typeof import('../configured.js').configure;

/** What was typed and what the file says, as one. */
export async function configured(
  role: Role,
  { config, ...typed }: ConfigFlag & FileSettings,
): ReturnType<Configure> {
  const { configure } = await import('../configured.js');
  return configure(role, typed, config);
}

/** The arguments of a local: one server, or several. */
export function named(uris: readonly string[]): Pick<FileSettings, 'uri' | 'servers'> {
  const [uri] = uris;
  if (uris.length > 1) return { servers: uris.map((each) => ({ uri: each })) };
  return uri === undefined ? {} : { uri };
}

type TypedOnly = LocalPluginFlags & UriOfFlags & ControlFlags;

/** What no config file may say: which programs a URI may name, that nothing is to run, and who may look at what does. */
export function typedOnly(flags: TypedOnly): TypedOnly {
  const { plugin, allowPlugin, uriOf, control } = flags;
  return {
    ...(control !== undefined && { control }),
    ...(plugin !== undefined && { plugin }),
    ...(allowPlugin !== undefined && { allowPlugin }),
    ...(uriOf !== undefined && { uriOf }),
  };
}

/** The flags of a forward, as they are typed. */
export interface ForwardTyped extends ConfigFlag, ControlFlags {
  /** What stands behind each -L. */
  readonly locals?: readonly string[];
}

/** The same as settings, with FROM and TO among them. */
export async function forwarded<Flags extends ForwardTyped>(
  [from, to]: readonly (string | undefined)[],
  { locals, ...flags }: Flags,
): Promise<Omit<Flags, 'locals'> & Pick<FileSettings, 'forwards'>> {
  if (from === undefined && locals === undefined) return flags;
  const { typedForwards } = await import('../../shared/config/forward-flags.js');
  return { ...flags, forwards: typedForwards(from, to, locals) };
}
