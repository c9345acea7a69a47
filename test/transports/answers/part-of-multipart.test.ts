import { expect, it, vi } from 'vitest';
import { JsonText } from '../../../src/core/model/json-text.ts';
import { post } from '../../support/clients/requests.ts';
import { ALL, allOf, largeServer, untilUnread } from '../../support/server/unread.ts';

it.each([
  ['large', ALL, false],
  ['small', '{ items(first: 1) { edges { node { key value } } } }', true],
])(
  'a %s answer to a client that takes multipart/mixed only is its one part, whose values are copied and not parsed',
  async (_, query, hasLength) => {
    const server = await largeServer();
    const parse = vi.spyOn(JsonText.prototype, 'toJSON');
    const response = await post(server, { query }, { accept: 'multipart/mixed' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="-"');
    const text = await response.text();
    const [start = '', head = '', json = '', ...others] = text.split(/\r\n(?=---)|\r\n\r\n/);
    expect([start, others]).toEqual(['', ['-----\r\n']]);
    expect(head.split('\r\n').slice(0, 2)).toEqual(['---', 'Content-Type: application/json; charset=utf-8']);
    expect(head.includes(`Content-Length: ${json.length}`)).toBe(hasLength);
    const edges = (JSON.parse(allOf(server)) as { data: { items: { edges: unknown[] } } }).data.items.edges;
    const whole = JSON.stringify({ data: { items: { edges: hasLength ? edges.slice(0, 1) : edges } } });
    expect(json === whole).toBe(true);
    expect(parse).not.toHaveBeenCalled();
    await untilUnread(server, (bytes) => bytes === 0);
  },
);
