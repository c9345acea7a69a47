/**
 * Values by prefix, in a compressed tree: a node for each prefix, and one for each place where prefixes part.
 *
 * ```
 *   user:    user:1/    user:2/               (root) ─ 'user:' ┬ '1/'
 *                                                              └ '2/'
 * ```
 *
 * Texts are compared by UTF-16 code units, as `String.prototype.startsWith` does: a label may begin or end inside a surrogate pair.
 */
import { ownText } from '../model/own-text.ts';
import { type Held, holds, visitEach, withoutValue, withValue } from './held-values.ts';

/** A node without a value has at least two children. The root may have fewer, and is always there. */
class TreeNode<T extends object> {
  /** The part of the prefix that comes after the parent's. Empty at the root only. */
  label: string;
  held: Held<T> | undefined = undefined;
  /** By the first code unit of their labels. Undefined when there are none. */
  children: Map<number, TreeNode<T>> | undefined = undefined;

  constructor(label: string) {
    this.label = label;
  }
}

export class PrefixTree<T extends object> {
  readonly #root = new TreeNode<T>('');
  #nodes = 0;

  /** The number of nodes below the root: at most twice the number of prefixes that have a value. */
  get nodes(): number {
    return this.#nodes;
  }

  /** O(length of the prefix, and of the label that it divides). @returns false when the prefix had the value before */
  add(prefix: string, value: T): boolean {
    const node = this.#nodeFor(prefix);
    if (holds(node.held, value)) return false;
    node.held = withValue(node.held, value);
    return true;
  }

  /** O(length of the prefix, and of the label that grows together again). @returns false when the prefix didn't have the value */
  delete(prefix: string, value: T): boolean {
    let parent = this.#root;
    let node = this.#root;
    for (let at = 0; at < prefix.length; at += node.label.length) {
      const child = childAt(node, prefix, at);
      if (!child) return false;
      parent = node;
      node = child;
    }
    if (node.held === undefined || !holds(node.held, value)) return false;
    node.held = withoutValue(node.held, value);
    if (node.held === undefined && !node.children) this.#removeLeaf(parent, node);
    this.#mergeWithOnlyChild(node);
    this.#mergeWithOnlyChild(parent);
    return true;
  }

  /**
   * Visits each value of each prefix that `key` starts with, shortest prefix first. `visit` must not change the tree.
   * O(length of the key + values visited), however many prefixes there are.
   */
  find(key: string, visit: (value: T) => void): void {
    let node: TreeNode<T> | undefined = this.#root;
    let at = 0;
    while (node) {
      if (node.held !== undefined) visitEach(node.held, visit);
      node = childAt(node, key, at);
      at += node?.label.length ?? 0;
    }
  }

  /** The node of a prefix, made if it isn't there: at most that node and one where it leaves another prefix. */
  #nodeFor(prefix: string): TreeNode<T> {
    let node = this.#root;
    let at = 0;
    while (at < prefix.length) {
      const next: TreeNode<T> | undefined = node.children?.get(prefix.charCodeAt(at));
      if (!next) return this.#addChild(node, prefix.slice(at));
      const shared = sharedLength(next.label, prefix, at);
      if (shared < next.label.length) this.#divide(next, shared);
      node = next;
      at += shared;
    }
    return node;
  }

  #addChild(node: TreeNode<T>, label: string): TreeNode<T> {
    const child = new TreeNode<T>(ownPart(label));
    node.children ??= new Map();
    node.children.set(label.charCodeAt(0), child);
    this.#nodes++;
    return child;
  }

  /** Keeps the first `length` code units in the node. A new child gets the rest, with the node's values and children. */
  #divide(node: TreeNode<T>, length: number): void {
    const { label, held, children } = node;
    node.label = ownPart(label.slice(0, length));
    node.held = undefined;
    node.children = undefined;
    const lower = this.#addChild(node, label.slice(length));
    lower.held = held;
    lower.children = children;
  }

  #removeLeaf(parent: TreeNode<T>, leaf: TreeNode<T>): void {
    if (leaf === this.#root) return;
    parent.children?.delete(leaf.label.charCodeAt(0));
    if (parent.children?.size === 0) parent.children = undefined;
    this.#nodes--;
  }

  /** The reverse of `#divide`. */
  #mergeWithOnlyChild(node: TreeNode<T>): void {
    if (node === this.#root || node.held !== undefined || node.children?.size !== 1) return;
    for (const child of node.children.values()) {
      node.label = ownPart(node.label + child.label);
      node.held = child.held;
      node.children = child.children;
    }
    this.#nodes--;
  }
}

/** The child whose whole label `text` has at `at`. */
function childAt<T extends object>(node: TreeNode<T>, text: string, at: number): TreeNode<T> | undefined {
  if (!node.children || at >= text.length) return undefined;
  const child = node.children.get(text.charCodeAt(at));
  return child && text.startsWith(child.label, at) ? child : undefined;
}

/** The number of code units that the label and the text from `at` on have in common. */
function sharedLength(label: string, text: string, at: number): number {
  const most = Math.min(label.length, text.length - at);
  let shared = 0;
  while (shared < most && label.charCodeAt(shared) === text.charCodeAt(at + shared)) shared++;
  return shared;
}

/** A copy, because a slice would keep the text of a prefix that has left. UTF-8 can't hold half of a surrogate pair, which a label may have. */
function ownPart(text: string): string {
  return text.isWellFormed() ? ownText(text) : Buffer.from(text, 'utf16le').toString('utf16le');
}
