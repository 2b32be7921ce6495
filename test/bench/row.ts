/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly measured: string;
  /** Empty: there is none, the figure is for orientation. */
  readonly target: string;
  readonly met: "yes" | "no" | "";
}

/** What a figure should be. */
export interface Target {
  readonly text: string;
  isMet(value: number): boolean;
}

export interface Measured {
  /** What is held against the target. */
  readonly value: number;
  /** What the table shows. */
  readonly text: string;
}

export function atMost(limit: number, text: string): Target {
  return { text: `≤ ${text}`, isMet: (value) => value <= limit };
}

export function atLeast(limit: number, text: string): Target {
  return { text: `≥ ${text}`, isMet: (value) => value >= limit };
}

export function row(figure: string, { value, text }: Measured, target: Target | null = null): Row {
  if (target === null) return { figure, measured: text, target: "", met: "" };
  return { figure, measured: text, target: target.text, met: target.isMet(value) ? "yes" : "no" };
}

/** What could not be measured has not met its target either. */
export function failedRow(figure: string, error: unknown, target: Target | null = null): Row {
  const message = error instanceof Error ? error.message : String(error);
  const measured = `failed: ${message.trim().replaceAll(/\s+/g, " ").slice(0, 140)}`;
  return { figure, measured, target: target?.text ?? "", met: target === null ? "" : "no" };
}

/**
 * Measures one line. A program that fails is a result of its own, and no reason to go without the other figures; a mistake
 * of the benchmark is not caught.
 */
export async function measureRow(
  figure: string,
  target: Target | null,
  measure: () => Promise<Measured>,
): Promise<Row> {
  try {
    return row(figure, await measure(), target);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return failedRow(figure, error, target);
  }
}

/** A program that was to be measured did not do its work. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}
