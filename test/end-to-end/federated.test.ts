/** A supergraph of a server and another subgraph, queried through Hive Gateway. */
import { describe, expect, it } from 'vitest';
import { post, resultOf } from '../support/clients/requests.ts';
import { codeOf } from '../support/documents/blocks.ts';
import { startCompanies } from '../support/gateway/companies.ts';
import { isMissing, seamlineSubgraph, startGateway, whyMissing } from '../support/gateway/hive.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, sign } from '../support/server/tokens.ts';

const CONFIGURATION = codeOf('docs/gateways.md', 'Hive Gateway');

async function supergraph(watched: readonly string[] = []) {
  const server = await startServer({ federation: true, jwtSecret: SECRET });
  const companies = await startCompanies({ watched });
  const token = await sign();
  const gateway = await startGateway(CONFIGURATION, [await seamlineSubgraph(server, bearer(token)), companies]);
  await server.map.insertMany(['a', 'b', 'c'].map((key) => ({ key, value: `value of ${key}` })));
  const ask = async (query: string, claims = {}) =>
    resultOf(await post(gateway, { query }, bearer(await sign(claims))));
  return { server, companies, gateway, ask };
}

describe.skipIf(isMissing)(`a federated query${whyMissing}`, () => {
  it('a page of items is joined with the other subgraph by one request for all of them', async () => {
    const { ask, companies } = await supergraph();
    expect(await ask('{ items { edges { node { value company } } } }')).toEqual({
      data: {
        items: {
          edges: ['a', 'b', 'c'].map((key) => ({ node: { value: `value of ${key}`, company: `company of ${key}` } })),
        },
      },
    });
    expect(companies.asked).toEqual([['a', 'b', 'c']]);
  });

  it('a mutation answers with the fields of both subgraphs', async () => {
    const { ask } = await supergraph();
    expect(await ask('mutation { insertItem(input: { key: "d", value: 1 }) { key value company } }')).toEqual({
      data: { insertItem: { key: 'd', value: 1, company: 'company of d' } },
    });
  });

  it('references of the other subgraph are resolved in order, and a missing item is null', async () => {
    const { ask } = await supergraph(['c', 'gone', 'a']);
    expect(await ask('{ watchlist { key value company } stream { size } }')).toMatchObject({
      data: {
        watchlist: [
          { key: 'c', value: 'value of c', company: 'company of c' },
          null,
          { key: 'a', value: 'value of a', company: 'company of a' },
        ],
        stream: { size: 3 },
      },
    });
  });

  it('a token with a prefix resolves only its keys, and one without the scope is refused with FORBIDDEN', async () => {
    const { ask } = await supergraph(['a', 'b']);
    const query = '{ watchlist { company value } }';
    expect(await ask(query, { keyPrefix: 'b' })).toMatchObject({
      data: { watchlist: [null, { company: 'company of b', value: 'value of b' }] },
    });
    expect(await ask(query, { scope: 'items:write' })).toMatchObject({
      errors: [{ path: ['watchlist', 'value'], extensions: { code: 'FORBIDDEN' } }, {}],
    });
  });
});
