/** The client's address, by which requests are counted and named in the log. */
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { connect } from '../../support/sockets/raw-sockets.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { SECRET } from '../../support/server/tokens.ts';

const ONE = 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }';
const forwarded = (chain: string) => ({ 'x-forwarded-for': chain });
const behindProxy = (): Promise<SeamlineServer> => startServer({ insertRate: 1, trustProxy: true });

/** Whether both requests count as the same client. */
async function isSame(first: string, second: string): Promise<boolean> {
  const server = await behindProxy();
  const insert = async (chain: string) => resultOf(await post(server, { query: ONE }, forwarded(chain)));
  expect(await insert(first)).toHaveProperty('data.insertItem.key', 'a');
  return JSON.stringify(await insert(second)).includes('RATE_LIMITED');
}

describe('the address in X-Forwarded-For', () => {
  it.each([
    ['203.0.113.7:50001', '203.0.113.7:50002'],
    ['203.0.113.7:50001', '203.0.113.7'],
    ['203.0.113.7', 'forged, 203.0.113.7:1'],
    ['203.0.113.7', '"203.0.113.7:50001"'],
    ['203.0.113.7', '203.0.113.7:'],
    ['203.0.113.7', '::ffff:203.0.113.7'],
    ['203.0.113.7', '[::ffff:203.0.113.7]:443'],
    ['203.0.113.7', '::FFFF:cb00:7107'],
    ['2001:db8::1', '[2001:db8::1]'],
    ['2001:db8::1', '[2001:db8::1]:443'],
    ['[2001:db8::1]:443', '[2001:db8::1]:444'],
    ['2001:db8::1', '"[2001:db8::1]:443"'],
    ['2001:db8::1', '2001:DB8:0:0:0:0:0:1'],
    ['2001:db8::1', '  2001:0db8::0001\t'],
  ])('%s and %s in X-Forwarded-For are the same client', async (first, second) => {
    expect(await isSame(first, second)).toBe(true);
  });

  it.each([
    ['203.0.113.7:50001', '203.0.113.8:50001'],
    ['203.0.113.7', '203.0.113.70'],
    ['[2001:db8::1]:443', '[2001:db8::2]:443'],
    ['2001:db8::1:443', '2001:db8::1'],
    ['203.0.113.7', '64:ff9b::203.0.113.7'],
    ['203.0.113.7', '::203.0.113.7'],
  ])('%s and %s in X-Forwarded-For are different clients', async (first, second) => {
    expect(await isSame(first, second)).toBe(false);
  });

  it.each([
    'unknown',
    '_hidden',
    '_hidden2',
    '',
    '203.0.113.7, ',
    '203.0.113.7,unknown',
    'example.org:80',
    '1',
    '0x7f.1',
    '203.0.113.7:80/x',
    '203.0.113.7@203.0.113.8',
    '[203.0.113.7',
    '[]:1',
    '"',
    '999.0.0.1:80',
    'x'.repeat(4000),
    ':'.repeat(4000),
  ])('the proxy counts as the client when X-Forwarded-For has no address: %.40s', async (entry) => {
    expect(await isSame('unknown', entry)).toBe(true);
    expect(await isSame('203.0.113.7', entry)).toBe(false);
  });

  it('the last of several X-Forwarded-For lines counts', async () => {
    const server = await behindProxy();
    const insert = (lines: string[]) =>
      new Promise<string>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'x-forwarded-for': lines };
        const sent = httpRequest(server.url, { method: 'POST', headers }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += String(chunk))).once('end', () => resolve(text));
        });
        sent.once('error', reject).end(JSON.stringify({ query: ONE }));
      });
    expect(await insert(['192.0.2.1', '203.0.113.7:1'])).toContain('"key":"a"');
    expect(await insert(['192.0.2.2', '203.0.113.7:2'])).toContain('RATE_LIMITED');
  });

  it('X-Forwarded-For counts for a WebSocket too', async () => {
    const server = await behindProxy();
    const insert = async (chain: string) => {
      const socket = await connect(server, { headers: forwarded(chain) });
      socket.send({ type: 'subscribe', id: '1', payload: { query: ONE } });
      return JSON.stringify(await socket.next());
    };
    expect(await insert('203.0.113.7:50001')).toContain('"key":"a"');
    expect(await insert('203.0.113.7:50002')).toContain('RATE_LIMITED');
  });

  it.each([
    ['203.0.113.7:50001', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['unknown', '127.0.0.1'],
  ])('the log names the client in X-Forwarded-For without its port: %s', async (entry, client) => {
    const log = logLines('info');
    const server = await startServer({ jwtSecret: SECRET, trustProxy: true, logger: log.logger });
    await post(server, { query: '{ __typename }' }, forwarded(entry));
    expect(await log.said('refused')).toMatchObject({ client });
  });
});

it('an IPv4 client has the same address on a socket for both families', async () => {
  const log = logLines('info');
  const server = await startServer({ host: '::', jwtSecret: SECRET, logger: log.logger });
  const url = server.url.replace('[::]', '127.0.0.1');
  await post({ ...server, url }, { query: '{ __typename }' });
  expect(await log.said('refused')).toMatchObject({ client: '127.0.0.1' });
});
