/** A program beside this file, and built as it is. */
export const programBeside = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** SQLite is what Node calls experimental. */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
