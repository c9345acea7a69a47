/** Running totals of one map; `subscriptions` counts those that are open now. */
export interface Counters {
  subscriptions: number;
  inserts: number;
  deliveries: number;
  lagged: number;
  resets: number;
}
