import { CopyButton } from '../controls/copy-button.tsx';
import { graphqlUrl } from '../session/session.ts';
import { useSession } from '../session/use-session.ts';

/** Shown while the map has no item: how to insert the first one, with the URL of this page. */
export function EmptyMap() {
  const { token, collection } = useSession();
  const { input, mutation } = collection.example;
  const body = JSON.stringify({ query: mutation });
  const [header, flag] = token === undefined ? ['', ''] : [' -H "Authorization: Bearer $TOKEN"', ' --token "$TOKEN"'];
  const ofCollection = collection.isTyped ? ` --collection ${collection.plural}` : '';
  const ways = [
    { name: 'curl', text: `curl '${graphqlUrl}' -H 'Content-Type: application/json'${header} -d '${body}'` },
    {
      name: 'Command line',
      text: `echo '${JSON.stringify(input)}' | npm start --silent -- insert --url '${graphqlUrl}'${ofCollection}${flag}`,
    },
    { name: 'GraphQL', text: mutation },
  ];
  return (
    <div className="blank guide">
      <p>
        The map is empty. Insert an item with the form, or in one of these ways, and it appears here at once.
        {token !== undefined && ' The commands take the token from the variable TOKEN.'}
      </p>
      {ways.map(({ name, text }) => (
        <section key={name} aria-label={name}>
          <div className="title">
            <h2>{name}</h2>
            {text === mutation && (
              <a className="quiet" href={`graphql?query=${encodeURIComponent(mutation)}`}>
                Open in GraphiQL
              </a>
            )}
            <CopyButton text={text}>Copy</CopyButton>
          </div>
          <pre>{text}</pre>
        </section>
      ))}
    </div>
  );
}
