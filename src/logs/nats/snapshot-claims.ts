/** Nodes tell each other which one makes a snapshot. When a message is lost, two of them make one. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { SnapshotClaims } from '../remote/driver.ts';

interface Claim {
  readonly from: string;
  /** From now on; 0 releases the claim. */
  readonly forMs: number;
  /** Absent for the process that builds a snapshot. */
  readonly rescue?: boolean;
}

/** `rescue`: of a node that saves its own state. */
export function announcedClaims(client: NatsConnection, stream: string, rescue = false): SnapshotClaims {
  const subject = `${stream}.snapshots`;
  const node = crypto.randomUUID();
  /** On the monotonic clock: until then another node holds a claim. */
  let claimedUntil = 0;
  const announce = (forMs: number): void => {
    const claim: Claim = { from: node, forMs, ...(rescue && { rescue }) };
    if (!client.isClosed()) client.publish(subject, JSON.stringify(claim));
  };
  client.subscribe(subject, {
    callback: (error, message) => {
      if (error) return;
      try {
        const { from, forMs, rescue: isRescue = false } = message.json<Claim>();
        if (from !== node && isRescue === rescue) claimedUntil = performance.now() + forMs;
      } catch {
        // The message comes from some other program.
      }
    },
  });
  return {
    async claim(forMs) {
      if (performance.now() < claimedUntil) return false;
      announce(forMs);
      return true;
    },
    release: async () => announce(0),
  };
}
