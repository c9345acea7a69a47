/** The program `name` in the folder of the module at `moduleUrl`: TypeScript in a checkout, JavaScript in the package. */
export const programBeside = (moduleUrl: string, name: string): URL =>
  new URL(`./${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.js'}`, moduleUrl);

/** Node warns that SQLite is experimental. */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
