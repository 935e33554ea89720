/**
 * The engine's display with each message once. A program that is run inline tells its error to the engine twice: as a message, and as
 * the reason why it ended.
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

/** Without a message that is the one right before it. */
function withoutRepeats(lines: readonly string[]): string[] {
  const messages: string[][] = [];
  for (const line of lines) {
    const begins = /^ {4}(?:error|warning): /.test(line);
    const goesOn = /^ {4,}\S/.test(line) && messages.at(-1) !== undefined;
    if (begins || !goesOn) messages.push([line]);
    else messages.at(-1)?.push(line);
  }
  return messages.filter((it, index) => it[0] === "" || it.join("\n") !== messages[index - 1]?.join("\n")).flat();
}
