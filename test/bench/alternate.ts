export interface AlternateOptions {
  /** How many samples of each. */
  readonly rounds: number;
  /** Whether each runs once more before that, uncounted, so that files are cached and the gateway's heap has grown. */
  readonly warmUp?: boolean;
}

type Contenders = Readonly<Record<string, () => unknown>>;
type Samples<C extends Contenders> = { readonly [K in keyof C]: readonly Awaited<ReturnType<C[K]>>[] };

/**
 * Samples of things that are to be compared, taken in turn, so that whatever slows the machine for a while slows all of
 * them. Every other round goes backwards: none always runs in the wake of the same other one.
 */
export async function alternate<C extends Contenders>(
  { rounds, warmUp = true }: AlternateOptions,
  contenders: C,
): Promise<Samples<C>> {
  const names = Object.keys(contenders);
  const samples: Record<string, unknown[]> = {};
  const sample = (name: string): unknown => contenders[name]?.();
  if (warmUp) for (const name of names) await sample(name);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      (samples[name] ??= []).push(await sample(name));
    }
  }
  return samples as Samples<C>;
}
