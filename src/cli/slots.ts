/** A limited number of places for work that goes on at the same time; who comes when all are taken waits, in order. */
export interface Slots {
  /** Resolves when there is one. The result gives it back; harmless when called again. */
  take(): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;

  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let taken = true;
      return () => {
        if (taken) giveBack();
        taken = false;
      };
    },
  };
}
