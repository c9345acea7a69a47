/** Rejects when the answer hasn't come in time. */
export async function answerWithin<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${withinMs} ms`)), Math.max(0, withinMs));
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the work has ended in time. It must not reject. */
export async function isDoneWithin(work: Promise<void>, withinMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), Math.max(0, withinMs));
  const isDone = await Promise.race([work.then(() => true), late.promise]);
  clearTimeout(timer);
  return isDone;
}

const LOOKS = 4;

/**
 * Rejects when nothing has arrived on the connection for `silentMs`. Arriving bytes are progress, so a large answer may take any
 * time on a slow link. `heard`: how many bytes have arrived.
 */
export async function answerUnlessSilent<T>(answer: Promise<T>, silentMs: number, heard: () => number): Promise<T> {
  const silent = Promise.withResolvers<never>();
  let before = heard();
  let silentLooks = 0;
  // Looks are counted, not ms: after a pause of the event loop, the bytes of that time are still to be read.
  const timer = setInterval(() => {
    const now = heard();
    silentLooks = now === before ? silentLooks + 1 : 0;
    before = now;
    if (silentLooks === LOOKS) silent.reject(new Error(`nothing has arrived for ${silentMs} ms`));
  }, silentMs / LOOKS);
  try {
    return await Promise.race([answer, silent.promise]);
  } finally {
    clearInterval(timer);
  }
}
