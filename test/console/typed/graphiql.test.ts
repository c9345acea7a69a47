/** GraphiQL of a server with an SDL file. */
import { expect, it } from 'vitest';
import { describeInBrowser, isolate } from '../../support/browser/browser.ts';
import { GraphiQL } from '../../support/browser/graphiql.ts';
import { startCollections } from '../../support/server/collections.ts';

describeInBrowser('GraphiQL of a server with two collections', (openPage) => {
  it('GraphiQL opens with examples of the first collection, and each of them runs as it is', async () => {
    const server = await startCollections();
    const page = await openPage();
    const strangers = await isolate(page, server.url);
    const graphiql = await GraphiQL.open(page, server.url);
    expect(await graphiql.tabs()).toEqual(['Quotes', 'QuoteChanges', 'Insert', 'Page']);
    await graphiql.editorShows('On an empty map this waits for the first item');
    await graphiql.select('QuoteChanges');
    await graphiql.runSelected('"caughtUp": true');
    await graphiql.stop();
    await graphiql.select('Insert');
    await graphiql.runSelected('"insertQuote"');
    expect(server.map.get('example')?.value).toEqual({ symbol: 'example', price: 1.5, venue: 'NYSE' });
    await graphiql.select('Quotes');
    expect(await graphiql.runSelected('"quotes"')).toContain('"NYSE"');
    await graphiql.stop();
    await graphiql.select('Page');
    expect(await graphiql.runSelected('"edges"')).toContain('"example"');
    expect(strangers).toEqual([]);
  });
});
