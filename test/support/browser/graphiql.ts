import type { Locator, Page } from 'playwright-core';

/** Drives GraphiQL in a browser. */
export class GraphiQL {
  readonly #page: Page;
  readonly #result: Locator;
  readonly #execute: Locator;

  private constructor(page: Page) {
    this.#page = page;
    this.#result = page.locator('.graphiql-response .view-lines');
    this.#execute = page.locator('.graphiql-execute-button');
  }

  /** Resolves when GraphiQL is rendered, with `document` in the editor instead of the server's default. */
  static async open(page: Page, url: string, document?: string): Promise<GraphiQL> {
    const graphiql = new GraphiQL(page);
    await page.goto(document === undefined ? url : `${url}?query=${encodeURIComponent(document)}`);
    await page.locator('.graphiql-editor .view-lines').first().waitFor();
    await graphiql.#execute.waitFor();
    return graphiql;
  }

  /** Replaces the content of the editor with an operation of that name, by keyboard. */
  async type(document: string, operation: string): Promise<void> {
    await this.#page.locator('.graphiql-editor .view-lines').first().click();
    await this.#page.keyboard.press('ControlOrMeta+A');
    await this.#page.keyboard.insertText(document);
    // GraphiQL parses the document after a pause in typing, and then shows its name on the tab.
    await this.#tab(operation).waitFor();
  }

  /** The names of the tabs. */
  tabs(): Promise<string[]> {
    return this.#page.getByRole('tab').allInnerTexts();
  }

  async select(tab: string): Promise<void> {
    await this.#tab(tab).click();
    await this.#tab(tab).and(this.#page.locator('[aria-selected="true"]')).waitFor();
    // The editor follows later than the tab.
    await this.editorShows(`${tab} {`);
  }

  /** A tab's accessible name may contain that of its close button. */
  #tab(name: string): Locator {
    return this.#page.getByRole('tab').filter({ has: this.#page.getByText(name, { exact: true }) });
  }

  /** Waits for a text in the editor. */
  async editorShows(text: string): Promise<void> {
    // The editor shows spaces as no-break spaces, which Playwright treats as equal.
    await this.#page.locator('.graphiql-editor .view-lines').first().filter({ hasText: text }).waitFor();
  }

  /** Runs the only operation of the document, or the one of this name among several. */
  async run(operation?: string): Promise<void> {
    if (operation === undefined) return this.#execute.click();
    // The button has no menu until GraphiQL has parsed the document.
    await this.#execute.and(this.#page.locator('[aria-haspopup="menu"]')).click();
    await this.#page.getByRole('menuitem', { name: operation, exact: true }).click();
  }

  /** Runs the operation of a tab that was just selected. Resolves to the text of the result pane, when it contains `text`. */
  async runSelected(text: string): Promise<string> {
    // For a moment after a change of tabs, GraphiQL still sends the operation name of the tab before.
    const isEarly = this.#result.filter({ hasText: 'Cannot infer operation' });
    do {
      await this.run();
      await isEarly.or(this.#result.filter({ hasText: text })).waitFor();
    } while (await isEarly.isVisible());
    return this.shows(text);
  }

  /** Ends the subscription that runs. */
  async stop(): Promise<void> {
    await this.#execute.and(this.#page.getByRole('button', { name: /^Stop/ })).click();
    await this.#execute.and(this.#page.getByRole('button', { name: /^Execute/ })).waitFor();
  }

  /** The text of the result pane, when it contains `text`. */
  async shows(text: string): Promise<string> {
    const shown = this.#result.filter({ hasText: text });
    await shown.waitFor();
    return shown.innerText();
  }
}
