import type { Locator, Page } from 'playwright-core';

/** GraphiQL as a user meets it. */
export class GraphiQL {
  readonly #page: Page;
  readonly #result: Locator;
  readonly #execute: Locator;

  private constructor(page: Page) {
    this.#page = page;
    this.#result = page.locator('.graphiql-response .view-lines');
    this.#execute = page.locator('.graphiql-execute-button');
  }

  /** Resolves once it has rendered. `document` is in the editor then, instead of the server's own. */
  static async open(page: Page, url: string, document?: string): Promise<GraphiQL> {
    const graphiql = new GraphiQL(page);
    await page.goto(document === undefined ? url : `${url}?query=${encodeURIComponent(document)}`);
    await page.locator('.graphiql-editor .view-lines').first().waitFor();
    await graphiql.#execute.waitFor();
    return graphiql;
  }

  /** Replaces what is in the editor by one operation of that name, by keyboard. */
  async type(document: string, operation: string): Promise<void> {
    await this.#page.locator('.graphiql-editor .view-lines').first().click();
    await this.#page.keyboard.press('ControlOrMeta+A');
    await this.#page.keyboard.insertText(document);
    // GraphiQL reads the document when there was no key for a while, and then puts its name on the tab.
    await this.#page.getByRole('tab', { name: operation, exact: true }).waitFor();
  }

  /** Runs the only operation of the document, or the one of this name among several. */
  async run(operation?: string): Promise<void> {
    if (operation === undefined) return this.#execute.click();
    // Before GraphiQL has read the document, the button has no menu.
    await this.#execute.and(this.#page.locator('[aria-haspopup="menu"]')).click();
    await this.#page.getByRole('menuitem', { name: operation, exact: true }).click();
  }

  /** What the result pane shows, once `text` is among it. */
  async shows(text: string): Promise<string> {
    const shown = this.#result.filter({ hasText: text });
    await shown.waitFor();
    return shown.innerText();
  }
}
