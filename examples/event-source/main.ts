/** No library: the browser reconnects by itself, with the id of the last message, and the server continues after it. */

interface Item {
  key: string;
  value: unknown;
  timestamp: string;
}

interface Changes {
  reset: boolean;
  upserted: Item[];
  removed: { key: string }[];
}

interface Result<Data> {
  data?: Data | null;
  errors?: { message: string }[];
}

// index.html has them.
const list = document.querySelector('ul') as HTMLUListElement;
const form = document.querySelector('form') as HTMLFormElement;
const reason = document.querySelector('[role=alert]') as HTMLElement;

const CHANGES = 'subscription { itemChanges { reset upserted { key value timestamp } removed { key } } }';
const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';

const lines = new Map<string, HTMLLIElement>();

function show({ key, value, timestamp }: Item): void {
  const line = document.createElement('li');
  const [name, text, time] = [
    document.createElement('b'),
    document.createElement('span'),
    document.createElement('time'),
  ];
  name.textContent = key;
  text.textContent = typeof value === 'string' ? value : JSON.stringify(value);
  time.textContent = new Date(timestamp).toLocaleTimeString();
  time.dateTime = timestamp;
  line.append(name, text, time);
  hide(key);
  lines.set(key, line);
  list.append(line);
}

function hide(key: string): void {
  lines.get(key)?.remove();
  lines.delete(key);
}

function follow(): void {
  const source = new EventSource(`/graphql?query=${encodeURIComponent(CHANGES)}`);
  source.addEventListener('next', ({ data: text }: MessageEvent<string>) => {
    const { data } = JSON.parse(text) as Result<{ itemChanges: Changes }>;
    if (!data) return;
    const { reset, upserted, removed } = data.itemChanges;
    if (reset) for (const key of lines.keys()) hide(key);
    for (const item of upserted) show(item);
    for (const { key } of removed) hide(key);
  });
  source.addEventListener('error', () => {
    // From a cut it comes back by itself. What ends it is another answer, a proxy's 502 say: the next one begins with a reset.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  });
}

follow();

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  void insert({ key: fields.get('key'), value: fields.get('value'), ifAbsent: fields.has('ifAbsent') });
});

async function insert(input: object): Promise<void> {
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: INSERT, variables: { input } }),
    });
    const { errors } = (await response.json()) as Result<unknown>;
    reason.textContent = errors?.[0]?.message ?? '';
  } catch (error) {
    reason.textContent = String(error);
  }
}
