/** A server that does nothing but answer. How long it takes shows how busy the machine is. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((_request, response) => response.end('ok\n')).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
