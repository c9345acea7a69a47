import type { OrderedLog } from '../../core/replication/ordered-log.ts';

/** The same log with all its members, but with another `append`. */
export function withAppend(log: OrderedLog, append: OrderedLog['append']): OrderedLog {
  // Methods are called on the log itself, because private members of a class cannot be reached through a proxy.
  const members = new Map<unknown, unknown>([['append', append]]);
  return new Proxy(log, {
    get(target, name) {
      const value: unknown = members.get(name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' && !members.has(name) ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
