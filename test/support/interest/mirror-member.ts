/** A mirror in a random life (G5 and G6). */
import { parseCursor } from '../../../src/core/model/cursor.ts';
import { checksumOf } from '../model/mirror.ts';
import type { OracleItem } from '../model/oracle.ts';
import type { DeliveredChanges, DeliveredItem, DeliveredRemoval, Plan } from './doors.ts';
import { codeOf, insist, isKnown, isSame, Member, type Place, positionOf, type World } from './member.ts';

export class MirrorMember extends Member<DeliveredChanges> {
  readonly items = new Map<string, DeliveredItem>();
  /** All that it was sent. */
  readonly messages: DeliveredChanges[] = [];
  #isFirst = true;
  #isCaughtUp = false;
  /** The first message must start over, because nothing is known of its cursor. */
  readonly #isNew: boolean;

  /** `items`: what a client has that resumes. */
  constructor(world: World, plan: Plan, place: Place, items: ReadonlyMap<string, DeliveredItem> = new Map()) {
    super(world, plan, place);
    this.#isNew = place.after === undefined || !isKnown(world, place.after);
    for (const [key, item] of items) this.items.set(key, item);
  }

  cross(shared: number, head: number): void {
    this.mayBeLost ||= head > shared;
    if (this.cursor === undefined) return;
    const { place, cutoff = place, seen = cutoff } = parseCursor(this.cursor);
    this.isLost ||= Math.max(place.position, cutoff.position, seen.position) > shared;
  }

  protected judge(fresh: readonly DeliveredChanges[]): void {
    for (const message of fresh) this.#apply(message);
    if (this.hasEnded) {
      insist(codeOf(this.error) === 'ENGINE_UNAVAILABLE' && this.world.map.source.isClosed, 'a mirror ended', {
        ...this.about,
        error: String(this.error),
      });
    }
    if (this.socket.isFull) return;
    const { oracle } = this.world;
    insist(this.cursor !== undefined && this.#isCaughtUp && !this.isLost, 'not caught up', this.about);
    this.mayBeLost = false;
    const position = positionOf(this.cursor);
    insist(this.concerning(position).length === 0, 'G6: a change was not told', this.about);
    // G6: a client that is cut now resumes without a reset.
    insist(position >= this.floor && position <= oracle.head, 'G6: its cursor leaves the window', this.about);
    this.#checkWhole(oracle.head);
    if (this.hasEnded) this.end();
  }

  #apply(message: DeliveredChanges): void {
    const { reset, upserted, removed, cursor, caughtUp, follows, size, checksum } = message;
    this.messages.push(message);
    const keys = [...upserted, ...removed].map(({ key }) => key);
    const details = { ...this.about, message };
    insist(new Set(keys).size === keys.length, 'G6: a key twice', details);
    insist(
      keys.every((key) => this.hasKey(key)),
      'a change that the filter excludes',
      details,
    );
    insist(!this.#isFirst || !this.#isNew || reset, 'G6: the first message must reset', details);
    insist(!this.isLost || reset, 'G6: a lost change must reset', details);
    insist(!reset || (this.#isFirst && this.#isNew) || this.#mayReset(), 'G5: a reset needs a lost removal', details);
    insist(reset === (follows === null), 'a message says what it follows, unless it resets', details);
    // G6: a client that has received everything never resumes because of it.
    insist(follows === null || follows <= (this.cursor ?? ''), 'it follows what was not sent', details);
    const { place, cutoff } = parseCursor(cursor);
    const previous = this.cursor === undefined || reset ? 0 : positionOf(this.cursor);
    insist(place.position >= previous, 'G3: its cursor falls', details);
    for (const list of [upserted, removed]) {
      const positions = list.map((each) => positionOf(each.cursor));
      insist(
        positions.every((at, n) => at > (positions[n - 1] ?? previous) && at <= place.position),
        'G2 and G3: not rising',
        { ...details, positions },
      );
    }
    const isLive = !cutoff && !reset && place.position > this.floor;
    const end = this.world.oracle.changes[place.position - 1]?.batchEnd ?? place.position;
    insist(!isLive || keys.length === 0 || place.position === end, 'G6: a batch is divided', details);
    for (const item of upserted) this.#checkUpserted(item, details);
    for (const removal of removed) this.#checkRemoved(removal, place.position, details);
    if (reset) this.items.clear();
    for (const { key } of removed) this.items.delete(key);
    for (const item of upserted) this.items.set(item.key, item);
    this.cursor = cursor;
    this.#isCaughtUp = caughtUp;
    [this.#isFirst, this.isLost] = [false, false];
    if (reset) this.mayBeLost = false;
    const isProven = size !== null && checksum !== null;
    insist(caughtUp === isProven && (size === null) === (checksum === null), 'a proof if it has caught up', details);
    if (!caughtUp) return;
    this.#checkWhole(place.position);
    const sum = checksumOf([...this.items.values()]);
    insist(size === this.items.size && checksum === sum, 'G6: a wrong proof', { ...details, sum });
  }

  #checkUpserted({ key, value, cursor }: DeliveredItem, details: object): void {
    const item = this.world.oracle.changes[positionOf(cursor) - 1]?.item;
    insist(item?.key === key && isSame(item.value, value), 'not the item at its position', details);
    insist(this.isMine(item), 'an item that the filter excludes', details);
  }

  /** G6: in the place of the change after which the filter does not show the key, with the reason. */
  #checkRemoved({ key, reason, cursor }: DeliveredRemoval, end: number, details: object): void {
    const position = positionOf(cursor);
    const change = this.world.oracle.changes[position - 1];
    insist(change?.key === key, 'not the change at its position', details);
    const { item, superseded } = change;
    insist(!this.isMine(item), 'removed, and it matches', details);
    insist(reason === (change.reason ?? 'UNMATCHED'), 'another reason', { ...details, reason });
    if (reason === 'UNMATCHED') this.world.unmatched++;
    const later = this.world.oracle.changes.slice(position, end).find((each) => each.key === key);
    insist(!later, 'not the last reason of the key', { ...details, later });
    // What a message tells of a key is the last of its changes, and one of them must have made it leave.
    const from = this.cursor === undefined ? 0 : parseCursor(this.cursor).place.position;
    const of = this.world.oracle.changes.slice(from, position).filter((each) => each.key === key);
    const mayHaveLeft = of.some(({ position: at, superseded: before }) => this.#mayHaveMatched(at, before));
    insist(mayHaveLeft, 'removed, and it did not match', { ...details, superseded });
  }

  /** The node knows what a change has superseded, as long as that is in the window. */
  #mayHaveMatched(position: number, superseded: OracleItem<unknown> | undefined): boolean {
    const isInWindow = superseded ? superseded.position > this.floor : !this.#mayHaveMissed();
    const isKnown = !this.world.isRebuilt && position > this.floor && isInWindow;
    return !isKnown || this.isMine(superseded);
  }

  /** Whether it may have had a key whose removal was in a lag. Of a snapshot the node does not know that there was no lag. */
  #mayHaveMissed(): boolean {
    if (this.cursor === undefined) return false;
    const { place, cutoff, seen } = parseCursor(this.cursor);
    return place.position < this.floor || cutoff !== undefined || seen !== undefined;
  }

  /** G6: exactly the server's map. */
  #checkWhole(position: number): void {
    const truth = this.world.oracle.at(position).filter((item) => this.isMine(item));
    const isWhole =
      truth.length === this.items.size &&
      truth.every(({ key, value, position: at }) => {
        const item = this.items.get(key);
        return item !== undefined && positionOf(item.cursor) === at && isSame(item.value, value);
      });
    insist(isWhole, 'G6: not the map', { ...this.about, position, truth, items: [...this.items.values()] });
  }

  #mayReset(): boolean {
    if (this.mayBeLost || this.isLost || this.cursor === undefined) return true;
    const { place, cutoff = place } = parseCursor(this.cursor);
    return this.world.oracle.changes
      .slice(Math.max(place.position, cutoff.position), this.floor)
      .some(({ item }) => !item);
  }
}
