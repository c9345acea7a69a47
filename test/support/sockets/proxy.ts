import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A network between clients and a server, which can break. */
export interface Network {
  /** The server's URL as it is seen through the network. */
  readonly url: string;
  /** Tears every connection, and refuses clients that come back until it is mended. */
  cut(): void;
  /** Resolves when a client has come back since the cut, and was refused. */
  refusal(): Promise<void>;
  /**
   * Keeps back all that is sent on the connections there are, both ways, without a word to either end; new ones get through. Returns
   * what delivers it after all.
   */
  swallow(): () => void;
  /** What the server sends on connections made from now on arrives at this rate, over all of them together. */
  slow(bytesPerSecond: number): void;
  /** Each connection made from now on is torn when the server has sent so many bytes on it. */
  tear(afterBytes: number): void;
  /** Lets clients through again, to another server if one is given. */
  mend(url?: string): void;
}

/** `forge`: what becomes of what the server says. */
export async function networkTo(url: string, forge?: (answer: Buffer) => Buffer): Promise<Network> {
  let target = new URL(url);
  let isCut = false;
  let refusal = Promise.withResolvers<void>();
  const open = new Set<Socket>();
  const pairs = new Map<Socket, Socket>();
  const swallowed = new WeakSet<Socket>();
  let bytesPerSecond = Infinity;
  let tornAfter = Infinity;
  let link: Promise<unknown> = Promise.resolve();

  /** In small parts, so that connections share the link. */
  const trickle = async (answer: Buffer, server: Socket, client: Socket): Promise<void> => {
    server.pause();
    const [step, ms] = [Math.ceil(bytesPerSecond / 50), 20];
    for (let at = 0; at < answer.length; at += step) {
      link = link.then(() => sleep(ms));
      await link;
      client.write(answer.subarray(at, at + step));
    }
    server.resume();
  };

  const pass = (client: Socket): void => {
    const server = track(connect(Number(target.port), target.hostname));
    pairs.set(client, server);
    client.pipe(server);
    const isLimited = (): boolean => bytesPerSecond < Infinity || tornAfter < Infinity;
    let remaining = tornAfter;
    if (forge) server.on('data', (answer: Buffer) => client.write(forge(answer)));
    else if (!isLimited()) server.pipe(client);
    else
      server.on('data', (answer: Buffer) => {
        remaining -= answer.length;
        if (bytesPerSecond < Infinity) void trickle(answer, server, client);
        else client.write(answer.subarray(0, answer.length + Math.min(0, remaining)));
        if (remaining >= 0) return;
        server.removeAllListeners('data');
        client.destroySoon();
      });
    client.once('close', () => swallowed.has(client) || server.destroy());
    server.once('close', () => swallowed.has(server) || client.destroy());
  };
  const track = (socket: Socket): Socket => {
    open.add(socket);
    // Its end is seen at `close`.
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
    return socket;
  };
  const cut = (): void => {
    isCut = true;
    refusal = Promise.withResolvers();
    for (const socket of open) socket.destroy();
  };

  const listener = createServer((client) => {
    if (!isCut) return pass(track(client));
    track(client).destroy();
    refusal.resolve();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    cut();
    listener.close();
  });

  const through = new URL(url);
  through.host = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return {
    url: through.href,
    cut,
    swallow() {
      const lost = [...pairs].filter(([client]) => open.has(client));
      for (const socket of lost.flat()) swallowed.add(socket.unpipe().pause());
      return () => {
        for (const [client, server] of lost) client.pipe(server).pipe(client);
      };
    },
    slow: (rate) => (bytesPerSecond = rate),
    tear: (afterBytes) => (tornAfter = afterBytes),
    refusal: () => refusal.promise,
    mend(next = target.href) {
      target = new URL(next);
      isCut = false;
    },
  };
}
