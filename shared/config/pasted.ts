import { ConfigError } from '../errors.js';
import { parseServerUri, type ServerUri, type UriOptions } from './uri.js';
import { isLegacyUri } from './uri-legacy.js';
import { nonEmpty, type Variables } from './variables.js';

/** A scheme of ours that is not the end of another one, as in `wss://`. */
const beginning = /(?<![a-z0-9+.-])(?:halflight|ss):\/\//i;
const quoted = /^(['"])(.*)\1$/s;

/**
 * The remote in a URI that somebody pasted: blanks around it and one pair of quotes do not matter, because not every
 * terminal, `.env` file or unit takes them away. ConfigError as from `parseServerUri`, and when the URI is only a part
 * of what was pasted.
 */
export function readPastedUri(text: string, options?: UriOptions): ServerUri {
  const uri = unwrapped(text);
  if (uri.search(beginning) > 0) {
    throw new ConfigError(
      'URI: expected only the URI, got words before it: pass only what begins with halflight:// or ss://',
    );
  }
  return parseServerUri(uri, options);
}

/** Whether what `readPastedUri` has read is in the legacy form. */
export function isLegacyPaste(text: string): boolean {
  return isLegacyUri(unwrapped(text));
}

/** Without the blanks around it and one pair of quotes. */
export function unwrapped(text: string): string {
  const trimmed = text.trim();
  return (quoted.exec(trimmed)?.[2] ?? trimmed).trim();
}

/** The remote in HALFLIGHT_URI, undefined when that is empty. ConfigError as from `readPastedUri`, naming the variable. */
export function readUriVariable(variables: Variables, options?: UriOptions): ServerUri | undefined {
  const text = nonEmpty(variables['HALFLIGHT_URI']);
  if (text === undefined) return undefined;
  try {
    return readPastedUri(text, options);
  } catch (error) {
    // Set long ago in some file, it is not what whoever reads this has typed.
    throw error instanceof ConfigError
      ? new ConfigError(`HALFLIGHT_URI: ${error.message}`, { cause: error })
      : error;
  }
}
