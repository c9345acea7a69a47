/** `seamline serve --schema --data` with a file that has changed since the items were stored. */
import { describe, expect, it } from 'vitest';
import { runCli, serveCli } from '../../support/processes/processes.ts';
import { newFolder, schemaFile } from '../../support/server/collections.ts';

const QUOTE = 'type Quote @collection(key: "symbol") { symbol: ID! isin: ID! }';
const ORDER = 'type Order @collection(key: "number") { number: Int! }';

/** A directory with a quote and an order, that no server uses. */
async function storedData(): Promise<string> {
  const data = newFolder();
  const server = await serve(data, `${QUOTE} ${ORDER}`);
  await insert(server.url, 'quotes', { symbol: 'IBM', isin: 'US459' });
  await insert(server.url, 'orders', { number: 7 });
  await server.end();
  return data;
}

async function serve(data: string, sdl: string) {
  const server = await serveCli(['--port', '0', '--data', data, '--schema', schemaFile(sdl)]);
  const end = (): typeof server.exited => {
    server.signal('SIGTERM');
    return server.exited;
  };
  return { url: server.url, end };
}

async function insert(url: string, collection: string, line: object): Promise<void> {
  const { code } = await runCli(['insert', '--url', url, '--collection', collection], {}, JSON.stringify(line));
  expect(code).toBe(0);
}

async function get(url: string, collection: string, key: string): Promise<unknown> {
  const { stdout } = await runCli(['get', '--url', url, '--collection', collection, key]);
  return JSON.parse(stdout);
}

describe('seamline serve with another SDL file than before', () => {
  it.each([
    ['a field of another type', QUOTE.replace('isin: ID!', 'isin: Int'), 'isin: must be an Int, got "US459"'],
    ['a new field that is required', QUOTE.replace('isin: ID!', 'isin: ID! price: Float!'), 'price: must not be null'],
    ['another key', QUOTE.replace('"symbol"', '"isin"'), 'isin: must equal the key'],
  ])('%s ends the start with exit code 1, a count and an example', async (_, sdl, problem) => {
    const data = await storedData();
    const { code, stderr } = await runCli(['--port', '0', '--data', data, '--schema', schemaFile(sdl)]);
    expect(code).toBe(1);
    const [line, ...others] = stderr.split('\n').filter((text) => text !== '' && !text.startsWith('{'));
    expect(others).toEqual([]);
    expect(line).toContain('seamline: 1 of 1 item in quotes does not fit the type Quote: the one with key "IBM"');
    expect(line).toContain(problem);
  });

  it('a new nullable field is null in stored items', async () => {
    const server = await serve(await storedData(), `${QUOTE.replace('isin', 'venue: String isin')} ${ORDER}`);
    expect(await get(server.url, 'quotes', 'IBM')).toMatchObject({ symbol: 'IBM', venue: null, isin: 'US459' });
  });

  it('a collection that the file lacks is named in the log, and is there when the file has it again', async () => {
    const data = await storedData();
    const { stderr } = await (await serve(data, QUOTE)).end();
    expect(stderr).toContain(
      'orders holds items of \\"orders\\", which is no collection of the schema: they are left alone',
    );
    const server = await serve(data, `${QUOTE} ${ORDER}`);
    expect(await get(server.url, 'orders', '7')).toMatchObject({ number: 7 });
  });
});
