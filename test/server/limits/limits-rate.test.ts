/** The insert rate of a client: a token bucket by subject of the token, or else by address. */
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { InsertRate } from '../../../src/server/insert-rate.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { connect } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const SECRET = 'a secret that is long enough for HS256';
const BATCH = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }';
const ONE = 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }';

interface Refused {
  readonly code: string;
  readonly retryAfterMs: number;
}

/** The extensions of the refusal; undefined when it was inserted. */
function taking(rate: InsertRate, client: string, count: number): Refused | undefined {
  try {
    rate.take(client, count);
    return undefined;
  } catch (error) {
    return (error as { extensions: unknown }).extensions as Refused;
  }
}

type Headers = Readonly<Record<string, string>>;

/** The refusal of a batch; undefined when it was inserted. */
async function inserting(server: SeamlineServer, count: number, headers: Headers = {}): Promise<Refused | undefined> {
  const inputs = Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: n }));
  const { errors } = await resultOf(await post(server, { query: BATCH, variables: { inputs } }, headers));
  return errors?.[0]?.extensions as Refused | undefined;
}

async function tokenOf(claims: object): Promise<Headers> {
  const token = await new SignJWT({ scope: 'items:read items:write', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  return { authorization: `Bearer ${token}` };
}

describe('the insert rate', () => {
  it('the insert rate allows a burst of one second’s worth, then the given number per second', () => {
    let now = 0;
    const rate = new InsertRate(10, () => now);
    expect(taking(rate, 'a', 10)).toBeUndefined();
    expect(taking(rate, 'a', 1)).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 100 });
    now = 99;
    expect(taking(rate, 'a', 1)).toBeDefined();
    now = 100;
    expect(taking(rate, 'a', 1)).toBeUndefined();
    now = 60_000;
    expect(taking(rate, 'a', 10)).toBeUndefined();
    expect(taking(rate, 'a', 1)).toBeDefined();
  });

  it('the insert rate takes nothing from a client for a refused call', () => {
    const rate = new InsertRate(10, () => 0);
    expect(taking(rate, 'a', 7)).toBeUndefined();
    for (let times = 0; times < 5; times++) expect(taking(rate, 'a', 4)).toMatchObject({ retryAfterMs: 100 });
    expect(taking(rate, 'a', 3)).toBeUndefined();
  });

  it('the insert rate counts each client separately, whatever its name', () => {
    const rate = new InsertRate(1, () => 0);
    for (const client of ['a', '', '__proto__', 'constructor', 'toString'])
      expect([taking(rate, client, 1), taking(rate, client, 1)]).toEqual([undefined, expect.anything()]);
  });

  it('the insert rate names the largest batch when a batch can never pass', () => {
    const rate = new InsertRate(10, () => 0);
    expect(() => rate.take('a', 11)).toThrow(/send batches of at most 10/);
    expect(taking(rate, 'a', 10)).toBeUndefined();
  });

  it('the insert rate admits a client that waited for retryAfterMs, and not before', () => {
    const step = fc.record({ count: fc.integer({ min: 1, max: 1000 }), waitMs: fc.integer({ min: 0, max: 2000 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.array(step),
        (perSecond, start, steps) => {
          let now = start;
          const rate = new InsertRate(perSecond, () => now);
          for (const { count, waitMs } of steps) {
            const asked = Math.min(count, perSecond);
            const refused = taking(rate, 'a', asked);
            if (refused) {
              now += refused.retryAfterMs;
              expect(taking(rate, 'a', asked)).toBeUndefined();
            }
            now += waitMs;
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('the insert rate never admits more than the burst and the elapsed time allow', () => {
    const step = fc.record({ count: fc.integer({ min: 1, max: 30 }), waitMs: fc.integer({ min: 0, max: 500 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 100 }), (perSecond, steps) => {
        let [now, taken] = [0, 0];
        const rate = new InsertRate(perSecond, () => now);
        for (const { count, waitMs } of steps) {
          if (!taking(rate, 'a', count)) taken += count;
          expect(taken).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond + 1e-6);
          now += waitMs;
        }
      }),
    );
  });

  it('the insert rate forgets the oldest client first when there are too many', () => {
    const rate = new InsertRate(1, () => 0);
    rate.take('mine', 1);
    for (let n = 0; n < 99_999; n++) rate.take(`${n}`, 1);
    expect(taking(rate, 'mine', 1)).toBeDefined();
  });
});

describe('--insert-rate', () => {
  it('--insert-rate refuses with RATE_LIMITED and admits a client that waits for retryAfterMs', async () => {
    const server = await startServer({ insertRate: 20 });
    expect(await inserting(server, 20)).toBeUndefined();
    const refused = await inserting(server, 5);
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) as number });
    expect(refused?.retryAfterMs).toBeGreaterThan(0);
    expect(refused?.retryAfterMs).toBeLessThanOrEqual(250);
    // A client that obeys retryAfterMs. A timer may fire a millisecond early.
    await delay((refused?.retryAfterMs ?? 0) + 1);
    expect(await inserting(server, 5)).toBeUndefined();
  });

  it('--insert-rate counts a batch by its items and inserts nothing of a refused batch', async () => {
    const server = await startServer({ insertRate: 10 });
    expect(await inserting(server, 11)).toMatchObject({ code: 'RATE_LIMITED' });
    expect(server.map.replica.items.size).toBe(0);
    expect(await inserting(server, 10)).toBeUndefined();
    expect(server.map.replica.items.size).toBe(10);
  });

  it('--insert-rate counts every field of one mutation', async () => {
    const server = await startServer({ insertRate: 3 });
    const fields = ['a', 'b', 'c', 'd'].map((key) => `${key}: insertItem(input: { key: "${key}", value: 1 }) { key }`);
    const { errors } = await resultOf(await post(server, { query: `mutation { ${fields.join(' ')} }` }));
    expect(errors).toMatchObject([{ path: ['d'], extensions: { code: 'RATE_LIMITED' } }]);
    expect(server.map.get('d')).toBeUndefined();
  });

  it('a batch of no items or too many is BAD_USER_INPUT and not RATE_LIMITED, because waiting does not help', async () => {
    const server = await startServer({ insertRate: 10 });
    for (const count of [0, 1001]) expect(await inserting(server, count)).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await inserting(server, 10)).toBeUndefined();
  });

  it('--insert-rate counts HTTP and all WebSockets of a client together', async () => {
    const server = await startServer({ insertRate: 2 });
    // Before the first insertion: a slow connection would give the client time to have another one.
    const sockets = [await connect(server), await connect(server)];
    expect(await inserting(server, 1)).toBeUndefined();
    const codes = sockets.map(async (socket) => {
      socket.send({ type: 'subscribe', id: '1', payload: { query: ONE } });
      return JSON.stringify(await socket.next()).includes('RATE_LIMITED');
    });
    expect((await Promise.all(codes)).toSorted()).toEqual([false, true]);
  });

  it('--insert-rate does not count reads and removals', async () => {
    const server = await startServer({ insertRate: 1 });
    expect(await inserting(server, 1)).toBeUndefined();
    for (let times = 0; times < 5; times++) {
      const result = await resultOf(await post(server, { query: 'mutation { removeItem(key: "none") { key } }' }));
      expect(result).toEqual({ data: { removeItem: null } });
    }
    expect(await resultOf(await post(server, { query: '{ stream { size } }' }))).toEqual({
      data: { stream: { size: 1 } },
    });
  });

  it('--insert-rate counts by issuer and subject of the token, whatever the address', async () => {
    const server = await startServer({ insertRate: 1, jwtSecret: SECRET, trustProxy: true });
    const ann = await tokenOf({ sub: 'ann' });
    expect(await inserting(server, 1, ann)).toBeUndefined();
    expect(await inserting(server, 1, { ...ann, 'x-forwarded-for': '192.0.2.9' })).toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect(await inserting(server, 1, await tokenOf({ sub: 'ann', jti: 'fresh' }))).toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect(await inserting(server, 1, await tokenOf({ sub: 'bob' }))).toBeUndefined();
    expect(await inserting(server, 1, await tokenOf({ sub: 'ann', iss: 'other' }))).toBeUndefined();
    for (const sub of ['__proto__', 'constructor'])
      expect(await inserting(server, 1, await tokenOf({ sub }))).toBeUndefined();
  });

  it('--insert-rate counts by address for tokens without a subject', async () => {
    const server = await startServer({ insertRate: 1, jwtSecret: SECRET });
    expect(await inserting(server, 1, await tokenOf({ jti: '1' }))).toBeUndefined();
    expect(await inserting(server, 1, await tokenOf({ jti: '2' }))).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('X-Forwarded-For', () => {
  const forwarded = (chain: string): Headers => ({ 'x-forwarded-for': chain });

  it('X-Forwarded-For is ignored without trustProxy', async () => {
    const server = await startServer({ insertRate: 1 });
    expect(await inserting(server, 1, forwarded('192.0.2.1'))).toBeUndefined();
    for (const address of ['192.0.2.2', '192.0.2.3, 192.0.2.4'])
      expect(await inserting(server, 1, forwarded(address))).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('the last entry of X-Forwarded-For names the client with trustProxy', async () => {
    const server = await startServer({ insertRate: 1, trustProxy: true });
    expect(await inserting(server, 1, forwarded('192.0.2.1'))).toBeUndefined();
    expect(await inserting(server, 1, forwarded('192.0.2.2'))).toBeUndefined();
    expect(await inserting(server, 1, forwarded('192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it.each([
    'forged, 192.0.2.1',
    'forged,192.0.2.1',
    'forged ,\t192.0.2.1 ',
    `${'forged, '.repeat(500)}192.0.2.1`,
    ', , 192.0.2.1',
  ])('entries of X-Forwarded-For before the last one do not choose the bucket: %s', async (chain) => {
    const server = await startServer({ insertRate: 1, trustProxy: true });
    expect(await inserting(server, 1, forwarded('192.0.2.1'))).toBeUndefined();
    expect(await inserting(server, 1, forwarded(chain))).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('X-Forwarded-For names the client of a WebSocket too', async () => {
    const server = await startServer({ insertRate: 1, trustProxy: true });
    expect(await inserting(server, 1, forwarded('192.0.2.1'))).toBeUndefined();
    const socket = await connect(server, { headers: forwarded('forged, 192.0.2.1') });
    socket.send({ type: 'subscribe', id: '1', payload: { query: ONE } });
    expect(JSON.stringify(await socket.next())).toContain('RATE_LIMITED');
  });
});
