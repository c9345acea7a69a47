import type { Place } from '../model/position.ts';
import type { ReadPosition } from '../replica/read.ts';

/** A reader's position. */
export class Standing {
  readPosition: ReadPosition;

  constructor(readPosition: ReadPosition) {
    this.readPosition = readPosition;
  }

  /** Nothing up to the place, that it has not read, concerned it. */
  standAt(place: Place): void {
    this.readPosition = { at: place, cutoff: place };
  }
}
