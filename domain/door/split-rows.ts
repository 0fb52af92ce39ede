/**
 * Splits a body of several rows while it arrives, so that nobody waits for megabytes to be parsed at once. Rows are
 * subarrays of the chunks they came in, copied only where they cross the border of two; how the body was cut into
 * chunks changes nothing. Blanks around a row and a BOM before the first are no part of it.
 *
 * It does not share the grammar of `scan-json.ts`: that reads a whole text in one go, this one stops at any byte of any
 * row and goes on with the next chunk, and hands on a row that is no JSON, which costs its sender that row alone.
 */

/** What breaks the body as a whole, at a byte of it (its BOM is not counted); the words are those of Python's json module. */
export type SplitProblem = { at: number; error: string };

export type RowSplitter = {
  /** Hands on the rows of a chunk. Where a pause is wanted it gives back what it has not looked at, to be written next. */
  write(chunk: Buffer): SplitProblem | Buffer | undefined;
  end(): SplitProblem | undefined;
};

/**
 * Takes each row in turn, undefined for one that is larger than `rowBytesMax`; `line` counts from 1. Says true where it
 * wants a pause before the next.
 */
export type TakeRow = (row: Buffer | undefined, line: number) => boolean;

const LF = 0x0a;
const BOM = Buffer.from('\ufeff');

// Classes of bytes, as far as borders are concerned.
const PLAIN = 0;
const BLANK = 1;
const QUOTE = 2;
const OPENING = 3;
const CLOSING = 4;
const COMMA = 5;
const classOf = new Uint8Array(256);
for (const c of ' \t\n\r') classOf[c.charCodeAt(0)] = BLANK;
for (const c of '{[') classOf[c.charCodeAt(0)] = OPENING;
for (const c of '}]') classOf[c.charCodeAt(0)] = CLOSING;
classOf[0x22] = QUOTE;
classOf[0x2c] = COMMA;

/** One row a line (NDJSON). Lines end in LF or CRLF, the last one also with the body; blank lines are no rows. */
export function makeLineSplitter(rowBytesMax: number, take: TakeRow): RowSplitter {
  // A line is measured with what stands behind the row; one more byte is the CR.
  const carry = makeCarry(rowBytesMax + 1);
  let line = 1;

  function takeLine(row: Buffer | undefined): boolean {
    let to = row?.length ?? 0;
    while (to > 0 && classOf[row![to - 1]!] === BLANK) to -= 1;
    return take(row === undefined || to > rowBytesMax ? undefined : to === row.length ? row : row.subarray(0, to), line);
  }

  return skipBom({
    write(chunk) {
      let from = 0;
      while (from < chunk.length) {
        if (carry.isEmpty) {
          const c = chunk[from]!;
          if (classOf[c] === BLANK) {
            if (c === LF) line += 1;
            from += 1;
            continue;
          }
        }
        const end = chunk.indexOf(LF, from);
        if (end < 0) {
          carry.add(chunk.subarray(from));
          return undefined;
        }
        const wantsPause = takeLine(carry.endWith(chunk, from, end));
        line += 1;
        from = end + 1;
        if (wantsPause && from < chunk.length) return chunk.subarray(from);
      }
      return undefined;
    },
    end() {
      if (!carry.isEmpty) takeLine(carry.endWith(BOM, 0, 0));
      return undefined;
    },
  });
}

/**
 * One JSON text: an array, whose elements are the rows, or an object, the only row. Finds borders alone: the grammar of
 * a row is its reader's business, and a row with brackets of the wrong kind is handed on as it stands. `line` is 1.
 */
export function makeJsonSplitter(rowBytesMax: number, take: TakeRow): RowSplitter {
  const carry = makeCarry(rowBytesMax);
  let state: 'start' | 'first' | 'next' | 'nested' | 'string' | 'scalar' | 'behind' | 'done' = 'start';
  let isArray = false;
  let depth = 0;
  let isEscaped = false;
  let consumed = 0;

  /** Reads a byte between rows: whether a row begins with it, or what is wrong with it. */
  function between(c: number, kind: number): boolean | string {
    switch (state) {
      case 'start':
        isArray = c === 0x5b;
        if (isArray) state = 'first';
        return isArray ? false : c === 0x7b || 'Expecting an object or an array';
      case 'behind':
        if (c !== 0x5d && kind !== COMMA) return "Expecting ',' delimiter";
        state = kind === COMMA ? 'next' : 'done';
        return false;
      case 'done':
        return 'Extra data';
      default:
        if (c === 0x5d && state === 'first') {
          state = 'done';
          return false;
        }
        return kind === CLOSING || kind === COMMA ? 'Expecting value' : true;
    }
  }

  /** Index behind the row that goes on at `from`, or the chunk's length where it does not end there. */
  function inside(chunk: Buffer, from: number): number {
    const length = chunk.length;
    let i = from;
    while (i < length) {
      if (state === 'string') {
        if (isEscaped) {
          isEscaped = false;
          i += 1;
        }
        while (i < length && chunk[i] !== 0x22 && chunk[i] !== 0x5c) i += 1;
        if (i === length) break;
        if (chunk[i++] === 0x5c) isEscaped = true;
        else if (depth > 0) state = 'nested';
        else return ended(i);
        continue;
      }
      const kind = classOf[chunk[i]!];
      if (state === 'scalar') {
        if (kind !== PLAIN) return ended(i);
      } else if (kind === QUOTE) state = 'string';
      else if (kind === OPENING) depth += 1;
      else if (kind === CLOSING && --depth === 0) return ended(i + 1);
      i += 1;
    }
    return length;
  }

  function ended(at: number): number {
    state = isArray ? 'behind' : 'done';
    return at;
  }

  function begin(kind: number): void {
    depth = 0;
    state = kind === OPENING ? 'nested' : kind === QUOTE ? 'string' : 'scalar';
  }

  return skipBom({
    write(chunk) {
      let i = 0;
      while (i < chunk.length) {
        const from = i;
        if (carry.isEmpty) {
          const c = chunk[i]!;
          const kind = classOf[c]!;
          if (kind === BLANK) {
            i += 1;
            continue;
          }
          const begins = between(c, kind);
          if (typeof begins === 'string') return { at: consumed + i, error: begins };
          if (!begins) {
            i += 1;
            continue;
          }
          begin(kind);
          if (kind === QUOTE) i += 1;
        }
        i = inside(chunk, i);
        if (state === 'nested' || state === 'string' || state === 'scalar') carry.add(chunk.subarray(from));
        else if (take(carry.endWith(chunk, from, i), 1) && i < chunk.length) {
          consumed += i;
          return chunk.subarray(i);
        }
      }
      consumed += chunk.length;
      return undefined;
    },
    end() {
      if (state === 'start' || state === 'done') return undefined;
      return { at: consumed, error: isArray ? "Expecting ',' delimiter or the array's end" : "Expecting the object's end" };
    },
  });
}

/** The beginning of a row whose end has not arrived: pieces, of which a row that is too large keeps none. */
function makeCarry(bytesMax: number) {
  let pieces: Buffer[] = [];
  let size = 0;

  const add = (piece: Buffer): void => {
    size += piece.length;
    carry.isEmpty = false;
    if (size <= bytesMax) pieces.push(piece);
    else pieces = [];
  };
  const carry = {
    isEmpty: true,
    add,
    /** The row that ends with this part of a chunk; undefined where it is too large. */
    endWith(chunk: Buffer, from: number, to: number): Buffer | undefined {
      if (carry.isEmpty) return to - from <= bytesMax ? chunk.subarray(from, to) : undefined;
      add(chunk.subarray(from, to));
      const row = size <= bytesMax ? Buffer.concat(pieces) : undefined;
      pieces = [];
      size = 0;
      carry.isEmpty = true;
      return row;
    },
  };
  return carry;
}

/** Takes a BOM off the body, also where it comes in pieces. */
function skipBom(splitter: RowSplitter): RowSplitter {
  let matched = 0;
  let isDecided = false;
  const giveBack = (): SplitProblem | undefined => {
    isDecided = true;
    // Less than a BOM holds no whole row, after which there might be a pause.
    return matched > 0 && matched < BOM.length ? (splitter.write(BOM.subarray(0, matched)) as SplitProblem | undefined) : undefined;
  };

  return {
    write(chunk) {
      if (isDecided) return splitter.write(chunk);
      let from = 0;
      while (matched < BOM.length && from < chunk.length && chunk[from] === BOM[matched]) {
        matched += 1;
        from += 1;
      }
      if (from === chunk.length && matched < BOM.length) return undefined;
      return giveBack() ?? splitter.write(from === 0 ? chunk : chunk.subarray(from));
    },
    end: () => (isDecided ? undefined : giveBack()) ?? splitter.end(),
  };
}
