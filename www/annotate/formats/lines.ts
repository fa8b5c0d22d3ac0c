// Text files of lines.

/** The lines of a text, without their ends. A line end at the end of the text begins an empty line. */
export function linesOf(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

/** A text of lines; each has a line feed behind it. */
export function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** JSON Lines: a value a line. */
export function jsonLines(values: readonly unknown[]): string {
  return joinLines(values.map((value) => JSON.stringify(value)));
}

/** A JSON list with an element a line. */
export function jsonList(values: readonly unknown[]): string {
  return `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]\n`;
}
