/** `halflight keygen`. */
import { generateSecret } from '../shared/codec/keys.js';
import { defaultMethod, findMethod } from '../shared/codec/methods.js';
import { systemEnvironment } from '../shared/net/system.js';

/** `halflight keygen`: one new secret on stdout. */
export function runKeygen(flags: { readonly method?: string; readonly json?: true }): void {
  const method = findMethod(flags.method ?? defaultMethod);
  const secret = generateSecret(method, systemEnvironment);
  const named = method.edition === 2022 ? { key: secret } : { password: secret };
  const line = flags.json === true ? JSON.stringify({ method: method.name, ...named }) : secret;
  process.stdout.write(`${line}\n`);
}
