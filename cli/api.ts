/** The API that lets programs manage the users of a remote while it runs. */
import type { RemoteService } from '../remote/remote.js';
import type { ApiSettings } from '../shared/config/api.js';
import { listeningBy } from '../shared/config/exit.js';
import { readService } from '../shared/config/service-address.js';
import type { Observer } from '../shared/observe/events.js';
import type { Service } from '../shared/service.js';

/** Serves it for the remote's own port. Rejects with the system's error when it cannot listen. */
export async function serveApi(
  { users, usage, protect }: RemoteService,
  { listen, token }: ApiSettings,
  observer: Observer,
): Promise<Service> {
  const { startApi } = await import('../shared/serve/api/api.js');
  const api = await listeningBy('--api', startApi({ users, usage }, { listen, token, observer }));
  // A user of the remote is on this machine as far as the API can tell.
  protect(readService(api.listen));
  return api;
}
