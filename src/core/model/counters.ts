/** What one map has done. */
export interface Counters {
  /** Open ones. */
  subscriptions: number;
  inserts: number;
  deliveries: number;
  lagged: number;
  resets: number;
}
