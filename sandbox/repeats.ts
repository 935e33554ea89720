/**
 * The engine's display with each error once. A program that is run inline tells it to the engine twice: as a message of the resource
 * or the stack, and as the reason why it ended.
 */
export class OnceEach {
  /** Lines that are not whole yet. */
  #rest = "";
  #last = "";
  /** What comes at the end, under this heading: of several lines each. */
  #diagnostics: string[] | undefined;

  constructor(private readonly write: (text: string) => void) {}

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  end(): void {
    if (this.#diagnostics) this.write(withoutRepeats([...this.#diagnostics, this.#rest]).join("\n"));
    else this.write(this.#rest);
  }

  #line(line: string): void {
    if (line === "Diagnostics:") this.#diagnostics ??= [];
    if (this.#diagnostics) this.#diagnostics.push(line);
    else if (line === "" || line !== this.#last) this.write(`${line}\n`);
    this.#last = line;
  }
}

/** Without the errors that stand further above, and without a resource of which nothing else was said. */
function withoutRepeats(lines: readonly string[]): string[] {
  const messages: string[][] = [];
  for (const line of lines) {
    const goesOn = /^ {4,}\S/.test(line) && !/^ {4}(?:error|warning): /.test(line);
    if (goesOn && messages.length > 0) messages.at(-1)?.push(line);
    else messages.push([line]);
  }
  const seen = new Set<string>();
  const left = messages.filter((message) => {
    const text = message.join("\n");
    const isRepeat = text.startsWith("    error: ") && seen.has(text);
    seen.add(text);
    return !isRepeat;
  });
  return left.filter(([line = ""], index) => !(/^ {2}\S.*:$/.test(line) && left[index + 1]?.[0] === "")).flat();
}
