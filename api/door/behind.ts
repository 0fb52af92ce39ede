/** A reader that has looked at so many rows of its request and has more before it: others have their turn first. */
export type Behind = { rows: number };
