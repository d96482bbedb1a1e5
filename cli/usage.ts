/** From commander's complaints to ours: one line, a hint, and nothing of what may be a secret. */
import { UsageError } from '../shared/config/exit.js';
import { CommanderError } from './commander.js';

/** A command line that failed. */
export interface Typed {
  readonly words: readonly string[];
  /** The long names of the flags that its command knows. */
  readonly flags: readonly string[];
}

/** The error to report instead of `error`, which is itself unless commander threw it. */
export function asUsageError(error: unknown, typed: Typed): unknown {
  return error instanceof CommanderError
    ? new UsageError(`${complaint(error, typed)}; see ${helpFor(typed.words)}`)
    : error;
}

function complaint({ message }: CommanderError, { words, flags }: Typed): string {
  const [first = '', suggestion = ''] = message.replace(/^error: /, '').split(/\n(?=\(Did you mean )/);
  const hint = suggestion === '' ? '' : ` ${suggestion.replace('Did', 'did')}`;
  const option = /^unknown option '(.*)'$/s.exec(first)?.[1];
  // To commander a flag with a value that it does not take is another flag.
  if (option?.includes('=') === true && flags.includes(nameOnly(option))) {
    return `${nameOnly(option)}: expected no value, got one`;
  }
  if (option !== undefined) return `unknown option ${nameOnly(option)}${hint}`;
  if (first.startsWith('unknown command ')) return `unknown command${commandShown(words)}${hint}`;
  if (first.startsWith('too many arguments ') && words[0] !== 'local' && words.some(isUri)) {
    return 'expected no URI, got one (did you mean halflight local URI?)';
  }
  return first.replace(/\.$/, '');
}

/** `--kye=SECRET` and `-pSECRET` are typing mistakes too. */
function nameOnly(option: string): string {
  return option.startsWith('--') ? option.replace(/=.*$/s, '') : option.slice(0, 2);
}

/** A URI in the place of a command has a key in it, and whoever typed it forgot one word. */
function commandShown(words: readonly string[]): string {
  const word = words.find((each) => !each.startsWith('-')) ?? '';
  if (isUri(word)) return ', got a URI (did you mean halflight local URI?)';
  return /^[a-z-]{1,20}$/i.test(word) ? ` ${word}` : '';
}

function isUri(word: string): boolean {
  return word.includes('://');
}

function helpFor([command = '']: readonly string[]): string {
  return [
    'remote',
    'local',
    'up',
    'forward',
    'top',
    'dump',
    'keygen',
    'uri',
    'config',
    'run',
    'env',
    'connect',
  ].includes(command)
    ? `halflight ${command} --help`
    : 'halflight --help';
}
