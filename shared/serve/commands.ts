/** What becomes of a request, one function for each command: reach what it asks for, answer, relay. */
import { DialError, StoppedError } from '../errors.js';
import { refusalOf } from '../net/dial-errors.js';
import type { HandshakeDriver } from '../net/drive.js';
import { dismiss } from '../net/relay.js';
import { SealedStream } from '../net/sealed.js';
import type { PushStream } from '../net/stream.js';
import { TcpStream } from '../net/tcp.js';
import { type Association, FarRefusal } from '../outbound/outbound.js';
import type { Command } from '../proxy/request.js';
import type { AskedRequest, PassedRequest, ProxyRequest } from './serve.js';
import type { Visit, Wanted } from './visit.js';

/** Who asks, and how it is spoken to. */
interface Asker {
  readonly visit: Visit;
  readonly driver: HandshakeDriver;
  /** Aborted when the client leaves, with its error, or when the service stops. */
  readonly signal: AbortSignal;
}

/**
 * Does what is asked and says so to the client, or says why not. Settles when the relay has begun or never will.
 * Rejects with the error of a client that has left: it asks for nothing any more.
 */
export async function carryOut(request: ProxyRequest, asker: Asker): Promise<void> {
  const { visit, driver, signal } = asker;
  try {
    const admission = visit.requested(wanted(request), signal);
    if (admission !== undefined) await admission;
    if (request.command === 'pass') await pass(request, asker);
    else await commands[request.command](request, asker);
  } catch (failure) {
    if (signal.aborted && !(signal.reason instanceof StoppedError)) throw signal.reason as Error;
    visit.refused(request.target, failure);
    // A local may have another remote, to which it does not go after a word on the target. (BIND has had its first.)
    const elsewhere = signal.aborted && request.command === 'connect' && visit.client instanceof SealedStream;
    const reply = elsewhere ? undefined : request.refused(refusalOf(failure));
    if (reply === undefined) visit.client.abort();
    else {
      driver.say(reply);
      dismiss(visit.client);
    }
    visit.close(signal.reason);
  }
}

function wanted(request: ProxyRequest): Wanted {
  const { protocol, target } = request;
  return { command: request.command === 'pass' ? request.asks : request.command, protocol, target };
}

type CarryOut = (request: AskedRequest, asker: Asker) => Promise<void>;

const commands = { connect, bind, associate } satisfies Record<Command, CarryOut>;

async function connect({ target, granted }: AskedRequest, { visit, driver, signal }: Asker): Promise<void> {
  const { early } = visit.machine.outbound;
  const dialled = early === undefined ? visit.reach(target, signal) : visit.begin(early, target, signal);
  const { stream, bound } = await dialled;
  driver.say(granted(bound));
  visit.relay(driver.handOver(), stream);
}

/** A far end that refuses says so itself, and ends the conversation: until then it is relayed like any other. */
async function pass({ target, passOn }: PassedRequest, { visit, driver, signal }: Asker): Promise<void> {
  const passed = await passOn(visit.dialling(signal));
  const { stream, reply, refusal } = passed;
  visit.reached(stream);
  if (refusal === undefined) visit.granted(target, passed);
  else visit.refused(target, new FarRefusal(refusal));
  driver.say(reply);
  visit.relay(driver.handOver(), stream);
}

async function bind({ target, granted }: AskedRequest, { visit, driver, signal }: Asker): Promise<void> {
  const { machine } = visit;
  if (machine.outbound.bind === undefined) throw notSupported();
  const binding = await machine.outbound.bind(target, visit.dialling(signal));
  machine.observer({ event: 'bound', id: visit.id, target, bound: binding.bound });
  driver.say(granted(binding.bound));
  // Nobody ends a connection that is not there yet, or sends a lot to it: a client that does must not hold the port.
  driver.whenDeaf(() => {
    binding.close();
  });
  const accepted = await binding.accepted;
  visit.reached(accepted.stream);
  visit.granted(target, accepted);
  driver.say(granted(accepted.bound));
  visit.relay(driver.handOver(), accepted.stream);
}

/** The association lives as long as the connection that asked for it, on which nothing more is said (RFC 1928 §7). */
async function associate({ target, granted }: AskedRequest, { visit, driver, signal }: Asker): Promise<void> {
  const { client, machine } = visit;
  if (machine.outbound.associate === undefined || !(client instanceof TcpStream)) throw notSupported();
  const { bound: near, peer: host } = client;
  const who = { near, host, announced: target };
  const association = await machine.outbound.associate(who, visit.dialling(signal));
  machine.observer({ event: 'associated', id: visit.id, bound: association.bound });
  driver.say(granted(association.bound));
  hold(driver.handOver(), association);
  void association.closed.then((failure) => {
    if (failure === undefined) dismiss(client);
    else client.abort();
    visit.close(failure, association.counts());
  });
}

/** Closes the association when its connection ends or breaks. */
function hold(client: PushStream, association: Association): void {
  const over = (): void => {
    association.close();
  };
  client.attach({ receive: () => undefined, ended: over, failed: over, writable: () => undefined });
}

function notSupported(): DialError {
  return new DialError(
    'command-not-supported',
    'command: expected one that this way out can carry, got another',
  );
}
