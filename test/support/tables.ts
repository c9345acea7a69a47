/** The tables of the documents. */
import { readFileSync } from 'node:fs';

/** The rows of the tables below a heading and its subheadings, or of the whole page, cell by cell, without the header rows. */
export function rowsOf(page: string, title?: string): string[][] {
  const rows: string[][] = [];
  let depth: number | undefined = title === undefined ? 0 : undefined;
  let isBody = false;
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const [, marks, heading] = /^(#+) (.*)$/.exec(line) ?? [];
    if (marks !== undefined && title !== undefined) {
      if (heading === title) depth = marks.length;
      else if (depth !== undefined && marks.length <= depth) depth = undefined;
    }
    if (!line.startsWith('|')) isBody = false;
    else if (/^\|[ |:-]+\|$/.test(line)) isBody = true;
    else if (isBody && depth !== undefined) rows.push(cellsOf(line));
  }
  return rows;
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The text of each code span. */
export const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
