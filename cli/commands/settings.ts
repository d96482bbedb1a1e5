/** What the commands have in common that read a config file. */
import type { FileSettings, Half } from '../../shared/config/file-schema.js';
import type { LocalPluginFlags } from '../../shared/config/plugin.js';
import type { UriOfFlags } from '../users.js';

/** What every command has that reads a config file. */
export interface ConfigFlag {
  readonly config?: string;
}

type Configure = typeof import('../configured.js').configure;

/** What was typed and what the file says, as one. */
export async function configured(
  half: Half,
  { config, ...typed }: ConfigFlag & FileSettings,
): ReturnType<Configure> {
  const { configure } = await import('../configured.js');
  return configure(half, typed, config);
}

/** The arguments of a local: one server, or several. */
export function named(uris: readonly string[]): Pick<FileSettings, 'uri' | 'servers'> {
  const [uri] = uris;
  if (uris.length > 1) return { servers: uris.map((each) => ({ uri: each })) };
  return uri === undefined ? {} : { uri };
}

/** What no config file may say: which programs a URI may name, and that nothing is to run. */
export function typedOnly(flags: LocalPluginFlags & UriOfFlags): LocalPluginFlags & UriOfFlags {
  const { plugin, allowPlugin, uriOf } = flags;
  return {
    ...(plugin !== undefined && { plugin }),
    ...(allowPlugin !== undefined && { allowPlugin }),
    ...(uriOf !== undefined && { uriOf }),
  };
}
