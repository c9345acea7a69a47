// Mutation tests of the core, the fan-out and the turns: applies one named mutation at a time to a copy of the checkout, and requires tests to fail.
//
//     node scripts/mutants.mjs [NAME…]
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** They take seconds: their subscribers are in the test's process, which fills and drains the sockets. */
const SLICES = ['test/guarantees/interest/slices.test.ts'];
const ROUNDS = ['test/guarantees/interest/rounds.test.ts'];
const LIVES = ['test/guarantees/interest/lives.test.ts'];
const IDLE = ['test/guarantees/interest/idle-mirrors.test.ts'];
const FOLLOWS = ['test/guarantees/interest/follows.test.ts'];
const EVALUATOR = ['test/core/input/where'];
/** Sums and late tests, slice by slice. */
const SUMS = ['test/core/interest/slices.test.ts'];
const LEAVING = ['test/guarantees/where/leaving.test.ts', 'test/guarantees/where/resuming.test.ts'];
const LATE = ['test/guarantees/where/rounds.test.ts'];
const TYPED_FILTERS = ['test/guarantees/typed/nulls.test.ts', 'test/schema/typed/random-filters.test.ts'];
const TYPED_VALUES = ['test/schema/typed/random-values.test.ts'];
const WRONG_INPUTS = ['test/guarantees/typed/wrong-inputs.test.ts'];

/**
 * The tests that must kill it. Where none are named, those of the file's folder.
 *
 * @type {readonly (readonly [name: string, file: string, original: string, mutated: string, tests?: readonly string[]])[]}
 */
const MUTANTS = [
  [
    'removals without an effect counted',
    'src/core/replica/conditions.ts',
    'return isThere || !isPlainRemoval(change);',
    'return true;',
    ['test/core/replica/replica-transaction.test.ts'],
  ],
  [
    'removal ends its transaction',
    'src/core/replica/replica.ts',
    "this.#removeItem(current, 'REMOVED', following);",
    "this.#removeItem(current, 'REMOVED');",
    ['test/guarantees/transactions.test.ts'],
  ],
  [
    'transaction sees its own keys due',
    'src/core/replica/replica.ts',
    "if (command.kind === 'transaction') return command.changes.map(({ key }) => key);",
    '',
    ['test/core/replica/replica-transaction.test.ts'],
  ],
  [
    'transaction creates its log',
    'src/core/replica/replica.ts',
    "this.isCreated ||= command.kind !== 'transaction';",
    'this.isCreated = true;',
    ['test/core/replication/created.test.ts'],
  ],
  [
    'conditions in a transaction overlooked',
    'src/core/model/transaction.ts',
    'for (const name in unknown)',
    'for (const name in {})',
    ['test/core/model/transaction.test.ts'],
  ],
  [
    'values beyond the insertions overlooked',
    'src/core/model/command.ts',
    'if (end !== bytes.length) throw',
    'if (end > bytes.length) throw',
    ['test/core/model/transaction.test.ts'],
  ],
  [
    'cutoff one too low',
    'src/core/replica/read.ts',
    'item.position > upTo.position',
    'item.position >= upTo.position',
    ['test/core/replica/read.test.ts'],
  ],
  [
    'cutoff one too high',
    'src/core/replica/read.ts',
    'item.position > upTo.position',
    'item.position > upTo.position + 1',
    ['test/core/replica/read.test.ts'],
  ],
  [
    'registered late',
    'src/core/subscriptions/cancellation.ts',
    'this.#watch = interest.listen(filter, this, isMirror);',
    'this.#watch = interest.listen(filter, this, isMirror); this.#watch.delete(this); setImmediate(() => this.#watch.add(this));',
    ['test/core/subscriptions/wakeup.test.ts'],
  ],
  [
    'wake-up dropped',
    'src/core/subscriptions/cancellation.ts',
    'this.#before ??= before;\n    this.#goOn(before);',
    'this.#before ??= before;',
    ['test/core/subscriptions/closing.test.ts'],
  ],
  [
    'window off by one at its old end',
    'src/core/replica/window.ts',
    'position > this.#floor.position &&',
    'position > this.#floor.position + 1 &&',
    ['test/core/replica'],
  ],
  [
    'window off by one at its new end',
    'src/core/replica/window.ts',
    'position <= this.#floor.position + this.#count',
    'position < this.#floor.position + this.#count',
    ['test/core/replica'],
  ],
  [
    'window keeps one too few',
    'src/core/replica/window.ts',
    'this.#count > this.#maxCount',
    'this.#count >= this.#maxCount',
    ['test/core/replica'],
  ],
  [
    'eviction not published',
    'src/core/replica/replica.ts',
    "this.#publishRemoval(oldest, 'EVICTED');",
    '',
    ['test/core/replica'],
  ],
  [
    'checksum not updated on removal',
    'src/core/replica/item-store.ts',
    'this.#checksum = (this.#checksum - itemHash(item)) >>> 0;',
    '',
    ['test/core/replica/replica-determinism.test.ts'],
  ],
  [
    'digest unchecked',
    'src/core/replica/read.ts',
    '(replica.digestAt(position) ?? digest) === digest,',
    'position >= 0,',
    ['test/core/replication/rebuild-resume.test.ts'],
  ],
  [
    'superseded items kept by a scan',
    'src/core/replica/read-page.ts',
    'replica.items.get(key)?.position === position',
    'replica.items.get(key) !== undefined',
    ['test/core/replica/pages'],
  ],
  [
    'a scan looks twice',
    'src/core/replica/read-page.ts',
    'this.#last = item.position;',
    '',
    ['test/core/replica/pages/page-scan.test.ts'],
  ],
  [
    'a page without its successor',
    'src/core/replica/read-page.ts',
    'if (this.#found.length > this.#first) break;',
    'if (this.#found.length === this.#first) break;',
    ['test/core/replica/pages'],
  ],
  [
    'kept texts never forgotten',
    'src/fanout/kept-texts.ts',
    'this.#bytes -= kept.bytes;',
    '',
    ['test/fanout/groups/kept-texts.test.ts'],
  ],
  [
    'epoch unchecked',
    'src/core/replica/read.ts',
    "if (epoch !== replica.epoch) return 'of another epoch';",
    '',
    ['test/core/subscriptions'],
  ],
  [
    'the reason of an earlier change',
    'src/core/subscriptions/item-changes.ts',
    'filter.where ? withLastReasons(replica, changes, next.at.position) : changes',
    'changes',
    ['test/guarantees/where/last-reason.test.ts'],
  ],
  [
    'idle mirrors count positions only',
    'src/core/replica/window.ts',
    'this.#floor.position === START ? this.#maxCount : Math.min(this.#maxCount, this.#count)',
    'this.#maxCount',
    ['test/guarantees/where/bytes-window.test.ts'],
  ],
  [
    'a page that looks at every value',
    'src/core/replica/read-page.ts',
    'if (isCandidate && this.#bound.isReached) {',
    'if (this.#bound.isReached && this.#found.length > this.#first) {',
    ['test/core/replica/pages'],
  ],
  [
    'a short page that ends at its last item',
    'src/core/replica/read-page.ts',
    '(this.#isCut && !isFull ? this.#searched : items.at(-1))',
    'items.at(-1)',
    ['test/core/replica/pages'],
  ],
  [
    'keys that changed since a scan began',
    'src/core/replica/read-page.ts',
    'Math.max(this.#last, this.#listedTo)',
    'this.#replica?.head.position ?? this.#last',
    ['test/core/replica/pages'],
  ],
  [
    'a condition whose variable is missing',
    'schema/request/where-variables.ts',
    'if (issues.length > 0) throw inputError(issues);',
    '',
    ['test/schema'],
  ],
  [
    'follows of a message that was hidden',
    'schema/stream/visible.ts',
    '(last ?? message.follows)',
    'message.follows',
    ['test/library/callers.test.ts'],
  ],
  [
    'scans that catch up without a bound',
    'schema/request/root-reads.ts',
    '    remaining -= looks;\n    return isComplete;',
    '    return isComplete;',
    ['test/schema'],
  ],
  [
    'position ahead of the log taken',
    'src/core/replica/read.ts',
    "if (seen.position > replica.head.position) return 'ahead of the log';",
    '',
    ['test/core/replication/rebuild-resume.test.ts'],
  ],
  [
    'lost history kept',
    'src/core/replica/history.ts',
    'if (newest > next.shared) return false;',
    '',
    ['test/core/replication/rebuild-resume.test.ts'],
  ],
  [
    'duplicate id applied',
    'src/core/replica/replica.ts',
    'if (!this.commandIds.add(id)) return NOTHING;',
    'this.commandIds.add(id);',
    ['test/core/replica/snapshot.test.ts'],
  ],
  [
    'limit off by one',
    'src/core/subscriptions/items.ts',
    'if (reader.remaining === 0) return;',
    'if (reader.remaining === 1) return;',
    ['test/core/subscriptions/closing.test.ts'],
  ],
  [
    'resume inclusive',
    'src/core/replica/read.ts',
    'let last = at;\n  let bytes = 0;\n  let wholeBatches',
    'let last = { ...at, position: Math.max(replica.window.floor.position, at.position - 1) } as Place;\n  let bytes = 0;\n  let wholeBatches',
    ['test/core/subscriptions/closing.test.ts'],
  ],
  [
    'lag unnoticed',
    'src/core/subscriptions/items.ts',
    'isLagging = lag > 0;',
    'isLagging = false;',
    ['test/core/subscriptions/subscriptions.test.ts'],
  ],
  [
    'removal beyond the window unnoticed',
    'src/core/replica/read.ts',
    'return replica.lostRemoval > Math.max(at.position, cutoff.position);',
    'return false;',
    ['test/core/replica/read.test.ts'],
  ],
  [
    'lost removal not remembered',
    'src/core/replica/replica.ts',
    'this.lostRemoval = change.position;',
    'continue;',
    ['test/core/replica'],
  ],
  [
    'batch split',
    'src/core/replica/read.ts',
    'if (change.following === 0) wholeBatches',
    'wholeBatches',
    ['test/core/replica'],
  ],
  [
    'release skipped',
    'src/core/subscriptions/cancellation.ts',
    'this.#interest.unlisten(this.#watch, this);',
    '',
    ['test/core/subscriptions/wakeup.test.ts'],
  ],
  [
    'leaving does not wake',
    'src/core/subscriptions/cancellation.ts',
    "signal.addEventListener('abort', this.#abort);",
    '',
    ['test/core/subscriptions/wakeup.test.ts'],
  ],
  [
    'expiry order',
    'src/core/replica/expiry-queue.ts',
    'first.position < second.position',
    'first.position > second.position',
    ['test/core/replica/expiry-queue.test.ts'],
  ],
  [
    'expired items stay',
    'src/core/replica/replica.ts',
    "this.#removeItem(next, 'EXPIRED');",
    'return;',
    ['test/core/replication/clock.test.ts'],
  ],
  [
    'timestamps fall',
    'src/core/replica/log-clock.ts',
    'passed < 0 ? this.ahead - PARTS * passed',
    'passed < 0 ? this.ahead',
    ['test/core/replication/clock.test.ts'],
  ],
  [
    'a deleted file unnoticed',
    'src/logs/file/disk/segment.ts',
    'if (this.#left) assertUntouched(this.#left);',
    'if (this.#left) return;',
    ['test/logs/file/file-log-meddling.test.ts'],
  ],
  [
    'clocks in turn',
    'src/core/replica/log-clock.ts',
    'if (this.#isNoise(raw)) return;',
    '',
    ['test/core/replication/clock.test.ts'],
  ],
  [
    'idempotency forgets its payload',
    'src/core/replica/conditions.ts',
    'if (first && first.payload !== idempotency.payload) return conflict(OTHER_PAYLOAD);',
    '',
    ['test/core/streaming-map.test.ts'],
  ],
  [
    'slices kept',
    'src/core/model/own-text.ts',
    "Buffer.from(text, 'utf8').toString('utf8')",
    'text',
    ['test/core/interest/prefix-tree.test.ts'],
  ],
  [
    'another frame taken for its own',
    'src/core/model/command.ts',
    'Buffer.compare(frame, sent) !== 0',
    'false',
    ['test/core/replication/own-commands.test.ts'],
  ],
  [
    'snapshot sends what was superseded',
    'src/core/replica/item-index.ts',
    'block.slots[at] = item.position;',
    '',
    ['test/core/replica/replica-determinism.test.ts'],
  ],
  [
    'a label compared by its first letter',
    'src/core/interest/prefix-tree.ts',
    'return child && text.startsWith(child.label, at) ? child : undefined;',
    'return child;',
    ['test/core/interest'],
  ],
  [
    'a divided label keeps its values',
    'src/core/interest/prefix-tree.ts',
    'node.held = undefined;\n    node.children = undefined;',
    'node.children = undefined;',
    ['test/core/interest'],
  ],
  [
    'a node stays after its prefix',
    'src/core/interest/prefix-tree.ts',
    'this.#mergeWithOnlyChild(parent);\n',
    '\n',
    ['test/core/interest'],
  ],
  [
    'a cut label keeps the whole text',
    'src/core/interest/prefix-tree.ts',
    'text.isWellFormed() ? ownText(text)',
    'text.isWellFormed() ? text',
    ['test/core/interest/prefix-tree.test.ts'],
  ],
  [
    'listed keys ignore the prefix',
    'src/core/interest/interest-index.ts',
    'if (!key.startsWith(prefix)) continue;',
    '',
    ['test/core/interest'],
  ],
  [
    'a second value takes the place of the first',
    'src/core/interest/held-values.ts',
    'new Several([held, value])',
    'value',
    ['test/core/interest'],
  ],
  [
    'a woken generator stands at the change',
    'src/core/subscriptions/cancellation.ts',
    'if (this.#positions && this.#positions.length < MAX_POSITIONS)',
    'before = { ...before, position };\n    if (this.#positions && this.#positions.length < MAX_POSITIONS)',
    LIVES,
  ],
  ['a group without members is concerned', 'src/fanout/settled.ts', 'if (!this.#members) return;', '', ROUNDS],
  [
    'a member that joins is given what it has',
    'src/fanout/settled.ts',
    'member.place = this.#group.source.replica.head;',
    '',
    SLICES,
  ],
  [
    'a change counts only for members that lack nothing',
    'src/fanout/settled.ts',
    'this.#lacking = this.#size;',
    'this.#lacking ||= this.#size;',
    SLICES,
  ],
  [
    'a full outlet is given a page',
    'src/fanout/settled.ts',
    'if (member.outlet.isFull || isLagging)',
    'if (isLagging)',
    ROUNDS,
  ],
  [
    'a group that lags reads on',
    'src/fanout/settled.ts',
    'if (member.outlet.isFull || isLagging)',
    'if (member.outlet.isFull)',
    LIVES,
  ],
  [
    'a limit within a page unnoticed',
    'src/fanout/settled.ts',
    '(member.remaining ?? Infinity) < page.count',
    'false',
    SLICES,
  ],
  [
    'a member that goes on alone stands at the head',
    'src/fanout/settled.ts',
    '    this.remove(member);\n    member.goOnAt(place);',
    '    this.remove(member);\n    member.goOnAt(this.#group.source.replica.head);',
    SLICES,
  ],
  [
    'a page that ends early is taken for whole',
    'src/fanout/settled.ts',
    'if (!this.#lacks(page.next.at)) this.#lacking--;',
    'this.#lacking--;',
    ROUNDS,
  ],
  ['too many pending changes taken for all', 'src/fanout/settled.ts', 'else this.#pending = undefined;', '', ROUNDS],
  [
    'what a place has is given again',
    'src/fanout/settled.ts',
    'this.#pending?.filter((position) => position > place.position)',
    'this.#pending',
    SLICES,
  ],
  [
    'a page of another place',
    'src/fanout/settled.ts',
    'last?.from === place.position && last.head === head',
    'last?.head === head',
    SLICES,
  ],
  ['a place of an earlier period', 'src/fanout/settled.ts', ' && period === this.#period', '', LIVES],
  [
    'mirrors are not kept fresh after a change',
    'src/fanout/settled.ts',
    'if (this.#members) this.#keepFresh(this.#last);',
    '',
    IDLE,
  ],
  [
    'members that are woken lack nothing',
    'src/fanout/settled.ts',
    'place: this.#lacks(place) ? place : before',
    'place: before',
    SLICES,
  ],
  [
    'nobody asks for the rest of a page',
    'src/fanout/settled.ts',
    'if (this.#lacking > 0) this.#host.concerned(this);',
    'if (this.#lacking > 0) this.#host.concerned;',
    ROUNDS,
  ],
  [
    'a mirror is not told that it is at the head',
    'src/fanout/group.ts',
    'page.next.at.position >= last ? { at: head, cutoff: head } : page.next',
    'page.next',
    ROUNDS,
  ],
  ['another replica wakes nobody', 'src/core/streaming-map.ts', 'interest.showAnother(before);', '', LIVES],
  [
    'another replica notes no change',
    'src/core/replication/follower.ts',
    'replica.onChange = this.#options.onChange;',
    'if (!previous) replica.onChange = this.#options.onChange;',
    LIVES,
  ],
  [
    'noted pages without a bound',
    'src/core/replica/read.ts',
    'if (!change || isFullPage(changes.length, bytes, FULL_PAGE_ENTRIES)) return undefined;',
    'if (!change) return undefined;',
    ['test/core/interest'],
  ],
  [
    'texts kept after a sweep',
    'src/fanout/fan-out.ts',
    'this.#selections.forget();',
    '',
    ['test/fanout/kept-items.test.ts'],
  ],
  [
    'a deleted oldest mirror looked for',
    'src/core/interest/idle-mirrors.ts',
    'if (listener === this.#oldest) this.#oldest = undefined;',
    '',
    ['test/core/interest'],
  ],
  [
    'a watch without listeners stays',
    'src/core/interest/interest.ts',
    'this.#index.delete(watch);',
    '',
    ['test/core/interest'],
  ],
  [
    'groups starve subscribers apart',
    'src/fanout/fan-out.ts',
    'const apart = this.#wasGroup || !this.#hasGroup',
    'const apart = !this.#hasGroup',
    ROUNDS,
  ],
  [
    'mirrors are sent empty messages',
    'src/fanout/settled.ts',
    'page.count === 0 || (page.changes.length === 0 && !page.caughtUp)',
    'page.count === 0',
    ROUNDS,
  ],
  [
    'an iterator keeps mirrors that have left',
    'src/core/interest/idle-mirrors.ts',
    'if (this.#changes++ < this.#toldAt.size) return;',
    'if (this.#changes++ >= 0) return;',
    ['test/core/interest'],
  ],
  [
    'a queue keeps members that have left',
    'src/core/subscriptions/scheduler.ts',
    'this.#members.delete(member) && this.#members.size === 0',
    'this.#members.delete(member) && false',
    ['test/core/interest'],
  ],
  [
    'selections that nobody has keep texts',
    'src/fanout/selection/selections.ts',
    'texts.forget();\n    this.#keeping = this.#keeping.filter((each) => each !== texts);',
    '',
    ['test/fanout/kept-items.test.ts'],
  ],
  [
    'rendered for another head',
    'src/fanout/group.ts',
    'if (head !== this.#head) this.forget();',
    '',
    ['test/fanout/groups/group.test.ts'],
  ],
  [
    'parked for good',
    'src/fanout/outlet.ts',
    'for (const subscriber of blocked ?? []) subscriber.goOn(0);',
    '',
    SLICES,
  ],
  [
    'written above the high-water mark',
    'src/fanout/outlet.ts',
    'return this.#writer.writableNeedDrain || this.isSendingLong;',
    'return false;',
    ROUNDS,
  ],
  [
    'strings compared by code units',
    'src/core/input/where/predicate.ts',
    'needsCodePoints(bound) ? compareCodePoints : compareUnits',
    'compareUnits',
    EVALUATOR,
  ],
  [
    'a missing path under `not` does not hold',
    'src/core/input/where/predicate.ts',
    'return (value) => !holds(value);',
    "if ('pointer' in condition.of) return at(condition.of.pointer.steps, (value) => !testOf(condition.of)(value));\n    return (value) => !holds(value);",
    EVALUATOR,
  ],
  [
    '-0 differs from 0',
    'src/core/input/where/predicate.ts',
    'isScalar(first) ? (value) => value === first',
    'isScalar(first) ? (value) => Object.is(value, first)',
    EVALUATOR,
  ],
  [
    'a missing path exists',
    'src/core/input/where/predicate.ts',
    'return found !== undefined && holds(found);',
    'return holds(found);',
    EVALUATOR,
  ],
  [
    'what ceases to match is not told',
    'src/core/interest/watch.ts',
    'if (!isIn && !wasIn) return;',
    'if (!isIn) return;',
    LEAVING,
  ],
  [
    'told of what did not match before',
    'src/core/interest/watch.ts',
    'const wasIn = change.superseded !== undefined && (where === undefined || where.matches(change.supersededValue));',
    'const wasIn = change.superseded !== undefined;',
    LEAVING,
  ],
  [
    'a mirror that resumes is not told what ceases to match',
    'src/core/replica/read.ts',
    'if (!view.isMirror) return undefined;',
    'return undefined;',
    LEAVING,
  ],
  [
    'a mirror that lags is not told what ceases to match',
    'src/core/replica/read.ts',
    'const tellsUnmatched = view.isMirror === true && at.position >= cutoff.position;',
    'const tellsUnmatched = false;',
    LEAVING,
  ],
  [
    'a removal in a lag forgotten',
    'src/core/replica/read.ts',
    ': superseded === undefined || change.position <= (seen?.position ?? START);',
    ': superseded === undefined;',
    LEAVING,
  ],
  [
    'a noted change that does not match left out',
    'src/core/replica/read.ts',
    'if (!isShown && !view.isMirror) continue;',
    'if (!isShown) continue;',
    LEAVING,
  ],
  [
    'a superseded equality not found',
    'src/core/interest/value-index.ts',
    'if (!others) continue;',
    'continue;',
    LEAVING,
  ],
  [
    'a watch with several values told twice',
    'src/core/interest/value-index.ts',
    'if (several.get(watch)?.includes(value as Scalar) !== true) visit(watch);',
    'visit(watch);',
    SUMS,
  ],
  [
    'a superseded item stays in the sum',
    'src/core/interest/running-sum.ts',
    'if (wasIn && wasCounted) {',
    'if (wasIn && !wasIn) {',
    SUMS,
  ],
  [
    'an item subtracted before the pass counts it',
    'src/core/interest/running-sum.ts',
    'this.pass === undefined || (change.superseded?.position ?? Infinity) <= this.pass.last;',
    'true;',
    SUMS,
  ],
  [
    'a new item counted twice by the pass',
    'src/core/interest/running-sum.ts',
    'if (isIn && this.isWhole) this.add(change.hash);',
    'if (isIn) this.add(change.hash);',
    SUMS,
  ],
  [
    'a pass counts what is noted after it',
    'src/core/interest/first-sums.ts',
    'for (const watch of watches) if (watch.catchUp() && isLateOver()) return this.#askForSlice();',
    '',
    SUMS,
  ],
  [
    'nobody is told that a sum is known',
    'src/core/interest/first-sums.ts',
    'for (const watch of watches) watch.visit((listener) => listener.wake(head));',
    '',
    SUMS,
  ],
  [
    'caught up before the sum is known',
    'src/fanout/group.ts',
    'caughtUp: isCaughtUp(replica, next) && isSumKnown };',
    'caughtUp: isCaughtUp(replica, next) };',
    ['test/guarantees/where/unknown-sum.test.ts'],
  ],
  [
    'a generator reads before late tests',
    'src/core/subscriptions/cancellation.ts',
    'caughtUp(): this {\n    this.#watch.catchUp();',
    'caughtUp(): this {',
    LATE,
  ],
  [
    'a page is read before late tests',
    'src/fanout/group.ts',
    'this.catchUp();\n    const { head }',
    'const { head }',
    LATE,
  ],
  [
    'a listener that joins is told what came before',
    'src/core/interest/interest.ts',
    'watch.catchUp();\n    if (isMirror',
    'if (isMirror',
    SUMS,
  ],
  [
    'too many late changes wake nobody',
    'src/core/interest/late-watches.ts',
    'watch.visit((listener) => listener.wake(first.before));',
    '',
    SUMS,
  ],
  ['a sum that has missed changes stays', 'src/core/interest/late-watches.ts', 'this.#onLost(watch);', '', SUMS],
  [
    'a page follows the head',
    'src/fanout/group.ts',
    '{ at: told, cutoff: told });',
    '{ at: head, cutoff: head });',
    FOLLOWS,
  ],
  [
    'a page follows the message of the last member',
    'src/fanout/settled.ts',
    'if (!this.#members || toldAt.position < this.#told.position) this.#told = toldAt;',
    'this.#told = toldAt;',
    FOLLOWS,
  ],
  [
    'a message follows the first one',
    'src/core/subscriptions/item-changes.ts',
    'this.#follows = sent.next;',
    'this.#follows ??= sent.next;',
    FOLLOWS,
  ],
  [
    'a message that resets follows another',
    'src/core/subscriptions/item-changes.ts',
    'reset || !follows ? null :',
    '!follows ? replica.cursor(next.at) :',
    FOLLOWS,
  ],
  [
    'mirrors that have seen different heads share a page',
    'src/fanout/group.ts',
    'one.cutoff === one.at && (one.seen?.position ?? 0) <= at.position;',
    'one.cutoff === one.at;',
    FOLLOWS,
  ],
  [
    'queries of all connections at once',
    'src/transports/protocol/turns.ts',
    'begun + bytes <= GROUP_BYTES || (bytes === UNKNOWN_BYTES && only === connection)',
    'true',
  ],
  [
    'slow queries before everything',
    'src/transports/protocol/turns.ts',
    "this.#first = this.#first === 'work' ? 'intake' : 'work';",
    '',
  ],
  [
    'isNull: false holds for a null',
    'schema/typed/where-reader.ts',
    'return given ? isNull(pointer) : not(isNull(pointer));',
    'return isNull(pointer);',
    TYPED_FILTERS,
  ],
  [
    'ne of a null field does not hold',
    'schema/typed/where-reader.ts',
    '(value) => not(isIn(pointer, [value]))',
    '(value) => all([not(isNull(pointer)), not(isIn(pointer, [value]))])',
    TYPED_FILTERS,
  ],
  [
    'has compares the list itself',
    'schema/typed/where-reader.ts',
    "(value) => leaf(pointer, { kind: 'contains', operand: value })",
    '(value) => isIn(pointer, [value])',
    TYPED_FILTERS,
  ],
  [
    'a null list is empty',
    'schema/typed/where-reader.ts',
    'const isEmpty = isIn(pointer, EMPTY);',
    'const isEmpty = any([isIn(pointer, EMPTY), isNull(pointer)]);',
    TYPED_FILTERS,
  ],
  [
    'not holds inside of a null object',
    'schema/typed/where-reader.ts',
    'return isNested ? all([not(isNull(place.pointer)), condition]) : condition;',
    'return condition;',
    TYPED_FILTERS,
  ],
  [
    'the key of an Int stays a number',
    'schema/typed/stored-value.ts',
    'const key = String(value[name]);',
    'const key = value[name] as string;',
    TYPED_VALUES,
  ],
  [
    'a null is stored',
    'schema/typed/stored-value.ts',
    'if (given == null) continue;',
    'if (given === null) value[member.name] = null;\n        if (given == null) continue;',
    TYPED_VALUES,
  ],
  [
    'the fast path takes unknown members',
    'schema/typed/plain-value.ts',
    'return sentCount === found ? value : undefined;',
    'return value;',
    TYPED_VALUES,
  ],
  [
    'the fast path takes every text for an enum',
    'schema/typed/plain-value.ts',
    "typeof sent === 'string' && names.has(sent) ? sent : undefined",
    "typeof sent === 'string' ? sent : undefined",
    TYPED_VALUES,
  ],
  [
    'a stored null fits a non-null field',
    'schema/typed/unfit-item.ts',
    "(value == null ? ': must not be null' : check(value))",
    '(value == null ? undefined : check(value))',
    ['test/schema/typed/unfit-items.test.ts'],
  ],
  [
    'a stored item fits another key',
    'schema/typed/unfit-item.ts',
    'return expected === key ? undefined',
    'return expected !== undefined ? undefined',
    ['test/schema/typed/unfit-items.test.ts'],
  ],
  [
    'a literal of a wrong scalar has no location',
    'schema/typed/exact-floats.ts',
    'throw new GraphQLError(error.message, { nodes: node, originalError: error });',
    'throw error;',
    WRONG_INPUTS,
  ],
  [
    'issues of a batch name its first input',
    'schema/stream/insertion.ts',
    "const base = isBatch ? ['inputs', index] : ['input'];\n    return readOr",
    "const base = isBatch ? ['inputs', 0] : ['input'];\n    return readOr",
    WRONG_INPUTS,
  ],
  [
    'added fields are not reserved',
    'schema/sdl/check-names.ts',
    'if (ADDED_FIELDS.has(field))',
    'if (ADDED_FIELDS.has(`${field}_`))',
    ['test/schema/sdl'],
  ],
  [
    'a scope of one collection reads all',
    'schema/request/caller.ts',
    'if (!mayRead(collection))',
    "if (!mayRead(collection) && !mayRead('orders') && !mayRead('quotes'))",
    ['test/server/collections/scopes.test.ts'],
  ],
  [
    'the bounds of the server come first',
    'src/server/collections/open-maps.ts',
    'maxItems: own.maxItems ?? server.maxItems',
    'maxItems: server.maxItems ?? own.maxItems',
    ['test/server/collections/maps.test.ts'],
  ],
  [
    'the subgraph sorts the schema itself',
    'schema/federation/federation-sdl.ts',
    'lexicographicSortSchema(plain)',
    'lexicographicSortSchema(schema)',
    ['test/schema/typed/printed.test.ts'],
  ],
  [
    'variables inherit members',
    'src/transports/http/own-members.ts',
    'Object.setPrototypeOf(value, null);',
    '',
    ['test/guarantees/typed/inherited-names.test.ts'],
  ],
];

const wanted = process.argv.slice(2);
const mutants = MUTANTS.filter(([name]) => wanted.length === 0 || wanted.includes(name));
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).trim().split('\n');
const survivors = [];
const queue = [...mutants];

await Promise.all([worker(), worker()]);
console.log(`mutants: ${mutants.length - survivors.length} of ${mutants.length} killed`);
for (const name of survivors) console.log(`SURVIVED: ${name}`);
process.exit(survivors.length === 0 ? 0 : 1);

async function worker() {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const [name, file, from, to, tests = testsOf(file)] = mutant;
    const begun = performance.now();
    const copy = mkdtempSync(join(tmpdir(), 'seamline-mutant-'));
    try {
      for (const each of files) cpSync(each, join(copy, each));
      symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
      const source = readFileSync(file, 'utf8');
      if (source.split(from).length !== 2) throw new Error(`${name}: ${file} must contain exactly once: ${from}`);
      writeFileSync(
        join(copy, file),
        source.replace(from, () => to),
      );
      let killer;
      for (const each of tests) killer ??= await firstFailure(copy, each);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(killer ? `killed    ${name} (${seconds} s): ${killer}` : `SURVIVED  ${name} (${seconds} s)`);
      if (!killer) survivors.push(name);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
}

function testsOf(file) {
  if (file.startsWith('src/fanout/')) return ['test/fanout'];
  if (file.startsWith('src/transports/protocol/')) return ['test/transports/turns.test.ts'];
  return ['test/core', 'test/guarantees'];
}

/** Resolves with the first test that fails; undefined when all pass. */
function firstFailure(cwd, filter) {
  return new Promise((done) => {
    const args = [
      'run',
      // A slow test that is cut off kills nothing.
      '--project=quick',
      '--bail=1',
      '--maxWorkers=1',
      '--testTimeout=8000',
      '--reporter=json',
      '--outputFile=result.json',
      filter,
    ];
    const child = spawn('vitest', args, { cwd, stdio: 'ignore', env: { ...process.env, MODEL_RUNS: '500' } });
    // A mutant with an endless loop never lets a test time out.
    const timer = setTimeout(() => child.kill('SIGKILL'), filter.endsWith('.test.ts') ? 30_000 : 120_000);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (signal) return done('the tests hang');
      if (code === 0) return done(undefined);
      try {
        const { testResults } = JSON.parse(readFileSync(join(cwd, 'result.json'), 'utf8'));
        const failed = testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === 'failed');
        done(failed?.title ?? 'an error outside of tests');
      } catch {
        done('no result');
      }
    });
  });
}
