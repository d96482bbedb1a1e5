import { ConfigError } from '../errors.js';
import { parseServerUri, type ServerUri } from './uri.js';

/** A scheme of ours that is not the end of another one, as in `wss://`. */
const beginning = /(?<![a-z0-9+.-])(?:halflight|ss):\/\//i;
const quoted = /^(['"])(.*)\1$/s;

/**
 * The remote in a URI that somebody pasted: blanks around it and one pair of quotes do not matter, because not every
 * terminal, `.env` file or unit takes them away. ConfigError as from `parseServerUri`, and when the URI is only a part
 * of what was pasted.
 */
export function readPastedUri(text: string): ServerUri {
  const trimmed = text.trim();
  const uri = (quoted.exec(trimmed)?.[2] ?? trimmed).trim();
  if (uri.search(beginning) > 0) {
    throw new ConfigError(
      'URI: expected only the URI, got words before it: pass only what begins with halflight:// or ss://',
    );
  }
  return parseServerUri(uri);
}
