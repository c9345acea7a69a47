/** The prose of a file: paragraphs, headings and cells of a document; comments and strings of a source. */

export interface Prose {
  readonly text: string;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly kind: 'document' | 'comment' | 'string';
}

/** The table after this line shows what not to write. */
const BAD_EXAMPLES = '<!-- examples of what not to write -->';

export function proseOf(file: string, text: string): Prose[] {
  if (file.endsWith('.md')) return proseOfDocument(text);
  if (/\.(?:graphql|ya?ml)$/.test(file)) return proseOfHashComments(text);
  return proseOfSource(text);
}

function proseOfDocument(text: string): Prose[] {
  const found: Prose[] = [];
  let paragraph: Prose | undefined;
  let fence: { readonly mark: string; readonly line: number; readonly lines: string[] } | undefined;
  let isBad = false;
  const end = (): void => {
    if (paragraph) found.push(paragraph);
    paragraph = undefined;
  };
  for (const [at, line] of text.split('\n').entries()) {
    const [, mark] = /^\s*(`{3,})/.exec(line) ?? [];
    if (fence) {
      if (mark?.startsWith(fence.mark)) {
        found.push(...moved(proseOfSource(fence.lines.join('\n')), fence.line));
        fence = undefined;
      } else fence.lines.push(line);
    } else if (mark !== undefined) {
      end();
      fence = { mark, line: at + 1, lines: [] };
    } else if (line.startsWith('|')) {
      end();
      if (!isBad) for (const cell of line.split('|')) found.push({ text: cell, line: at + 1, kind: 'document' });
    } else {
      if (line !== '' || found.at(-1)?.line === at) isBad = line === BAD_EXAMPLES || (isBad && line === '');
      const start = /^(\s*(?:[-*>]|\d+\.|#+)\s+|\s*<!--)/.test(line);
      if (start || line.trim() === '') end();
      if (line.trim() !== '' && !line.startsWith('<'))
        paragraph = {
          text: paragraph ? `${paragraph.text}\n${line.trim()}` : line.replace(/^\s*(?:[-*>]|\d+\.|#+)\s+/, ''),
          line: paragraph?.line ?? at + 1,
          kind: 'document',
        };
      if (line.startsWith('#')) end();
    }
  }
  end();
  return found;
}

const moved = (some: readonly Prose[], by: number): Prose[] =>
  some.map((one) => ({ ...one, kind: 'comment', line: one.line + by }));

function proseOfHashComments(text: string): Prose[] {
  const comments = [...text.matchAll(/(?:^|\s)#\s?(.*)$|"{3}([^"]*)"{3}|"([^"\n]*)"/gm)];
  return comments.map(([whole, line, block, string], nth) => ({
    text: line ?? block ?? string ?? '',
    line: lineAt(text, (comments[nth]?.index ?? 0) + whole.search(/\S/)),
    kind: string === undefined ? 'comment' : 'string',
  }));
}

/** Comments, adjacent lines as one; then strings. A regular expression is skipped, because it may hold quotes. */
const TOKENS =
  /(?<comment>(?:\/\/[^\n]*(?:\n[ \t]*(?=\/\/))?)+|\/\*[^]*?\*\/)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|(?<=[=(,:[!&|?{};\n]\s*|return )\/(?![/*])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;

function proseOfSource(text: string): Prose[] {
  return [...text.matchAll(TOKENS)].flatMap(({ index, groups }) => {
    const { comment, string } = groups ?? {};
    const line = lineAt(text, index);
    if (comment !== undefined) return paragraphsOf(comment, line);
    return string === undefined ? [] : [{ text: string.slice(1, -1), line, kind: 'string' as const }];
  });
}

/** A comment without its marks; an empty line, a list or a tag begins another paragraph. */
function paragraphsOf(comment: string, first: number): Prose[] {
  const paragraphs: { text: string; line: number; kind: 'comment' }[] = [];
  let isOpen = false;
  for (const [at, raw] of comment.split('\n').entries()) {
    const line = raw.replace(/^\s*(?:\/\*\*?|\/\/+|\*(?!\/))?\s?/, '').replace(/\s*\*\/\s*$/, '');
    const last = paragraphs.at(-1);
    if (line.trim() === '') isOpen = false;
    else if (isOpen && last && !/^\s*(?:[-*]|@\w+)\s/.test(line)) last.text += `\n${line}`;
    else {
      paragraphs.push({ text: line.replace(/^\s*(?:[-*]|@\w+)\s+/, ''), line: first + at, kind: 'comment' });
      isOpen = true;
    }
  }
  return paragraphs;
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;
