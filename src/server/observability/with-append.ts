import type { OrderedLog } from '../../core/replication/ordered-log.ts';

/** The same log with all its members, but with another `append`. */
export function withAppend(log: OrderedLog, append: OrderedLog['append']): OrderedLog {
  // Methods are called on the log itself, because private members of a class cannot be reached through a proxy.
  return new Proxy(log, {
    get(target, name) {
      if (name === 'append') return append;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
