import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiError, isTransient, toApiError } from "../api/problem";
import { backoff } from "../lib/backoff";

/** Rows of a block; also how many are asked for at once. */
export const BLOCK = 100;
const KEPT_BLOCKS = 60;
/** Nothing is asked for while somebody is still dragging the scroll bar. */
const SETTLE_MS = 90;

export interface Loaded<Row> {
  /** Fewer than asked for when they are very large. */
  readonly rows: readonly Row[];
  readonly total: number;
}

type Load<Row> = (offset: number, limit: number, signal: AbortSignal) => Promise<Loaded<Row>>;

/** Numbers of the blocks that rows `first` to before `end` lie in. */
export function blocksOf(first: number, end: number): readonly number[] {
  const blocks: number[] = [];
  for (let block = Math.floor(first / BLOCK); block * BLOCK < end; block += 1) blocks.push(block);
  return blocks;
}

class Blocks<Row> {
  readonly kept = new Map<number, readonly Row[]>();
  private readonly asked = new Map<number, Promise<readonly Row[]>>();
  private readonly stop = new AbortController();

  constructor(private readonly load: Load<Row>) {}

  end(): void {
    this.stop.abort();
  }

  /** The block, from memory or the service; one question at a time for each. */
  async get(block: number): Promise<readonly Row[]> {
    const known = this.kept.get(block);
    if (known !== undefined) return known;
    const running = this.asked.get(block) ?? this.fetch(block);
    this.asked.set(block, running);
    try {
      return await running;
    } finally {
      this.asked.delete(block);
    }
  }

  private async fetch(block: number): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (;;) {
      const offset = block * BLOCK + rows.length;
      const page = await this.ask(offset, BLOCK - rows.length);
      rows.push(...page.rows);
      if (page.rows.length === 0 || rows.length >= BLOCK || offset + page.rows.length >= page.total) break;
    }
    this.keep(block, rows);
    return rows;
  }

  private async ask(offset: number, limit: number): Promise<Loaded<Row>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.load(offset, limit, this.stop.signal);
      } catch (error) {
        if (this.stop.signal.aborted || attempt > 5 || !isTransient(toApiError(error))) throw error;
        await new Promise((resolve) => setTimeout(resolve, backoff(attempt, 500, 5000)));
      }
    }
  }

  private keep(block: number, rows: readonly Row[]): void {
    this.kept.set(block, rows);
    const oldest = this.kept.keys().next();
    if (this.kept.size > KEPT_BLOCKS && oldest.done !== true) this.kept.delete(oldest.value);
  }
}

/** Rows of a long table, fetched by blocks as they come into view. `load` must be stable. */
export function useBlocks<Row>(load: Load<Row>) {
  const blocks = useRef<Blocks<Row> | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [shown, setShown] = useState<ReadonlyMap<number, readonly Row[]>>(new Map());
  const [error, setError] = useState<ApiError | null>(null);

  useEffect(() => {
    const fresh = new Blocks(load);
    blocks.current = fresh;
    return () => {
      clearTimeout(timer.current);
      fresh.end();
      setShown(new Map());
      setError(null);
    };
  }, [load]);

  /** Row `index`, fetched when it is not there yet. */
  const fetchRow = useCallback(async (index: number): Promise<Row | undefined> => {
    const from = blocks.current;
    const rows = await from?.get(Math.floor(index / BLOCK));
    if (from === blocks.current && from !== null) setShown(new Map(from.kept));
    return rows?.[index % BLOCK];
  }, []);

  const need = useCallback((first: number, end: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const from = blocks.current;
      if (from === null) return;
      for (const block of blocksOf(first, end)) {
        from.get(block).then(
          () => {
            if (blocks.current === from) {
              setShown(new Map(from.kept));
              setError(null);
            }
          },
          (caught: unknown) => {
            if (blocks.current === from) setError(toApiError(caught));
          },
        );
      }
    }, SETTLE_MS);
  }, []);

  return {
    row: (index: number): Row | undefined => shown.get(Math.floor(index / BLOCK))?.[index % BLOCK],
    fetchRow,
    need,
    error,
  };
}
