/** All servers must deliver the same: sizes differ by their framing and by the length of keys and identifiers only. */
const [SHORTEST, LONGEST] = [240, 300];

/** @throws when a delivery has another size, in bytes. */
export function assertDeliverySize(title: string, size: number): void {
  if (size < SHORTEST || size > LONGEST)
    throw new Error(`a delivery of ${title} has ${size} bytes, expected ${SHORTEST} to ${LONGEST}`);
}
