/** Paints text for a terminal; without colour it hands everything back as it is. */
export interface Style {
  readonly plain: Paint;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

export type Paint = (text: string) => string;

const plain: Paint = (text) => text;

export function createStyle(color: boolean): Style {
  const paint = (code: number): Paint => (color ? (text) => `\u001B[${code}m${text}\u001B[0m` : plain);
  return { plain, bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}
