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
    await this.#page.getByRole('tab', { name: operation, exact: true }).waitFor();
  }

  /** Runs the only operation of the document, or the one of this name among several. */
  async run(operation?: string): Promise<void> {
    if (operation === undefined) return this.#execute.click();
    // The button has no menu until GraphiQL has parsed the document.
    await this.#execute.and(this.#page.locator('[aria-haspopup="menu"]')).click();
    await this.#page.getByRole('menuitem', { name: operation, exact: true }).click();
  }

  /** The text of the result pane, when it contains `text`. */
  async shows(text: string): Promise<string> {
    const shown = this.#result.filter({ hasText: text });
    await shown.waitFor();
    return shown.innerText();
  }
}
