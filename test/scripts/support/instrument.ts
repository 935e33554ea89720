/**
 * Puts a numbered kill point before and after every command of a shell script that can change something, found by
 * reading the script: by name, or by a redirection into a file. The copy does the same as the script, except that
 * `PROBE_KILL=N` kills its process group at the Nth point it passes, and `PROBE_LOG=FILE` collects the points passed.
 * What is written to the scratch folder alone is left out: the next run starts with an empty one.
 */
export function instrument(script: string): { readonly script: string; readonly statements: number } {
  let statements = 0;
  let out = "";
  let copied = 0;
  for (const command of simpleCommands(script)) {
    const text = script.slice(command.start, command.end);
    if (!changesSomething(command.name, text)) {
      continue;
    }
    statements += 1;
    const line = script.slice(0, command.start).split("\n").length;
    out += script.slice(copied, command.start);
    // A command in the background keeps its own process number only if nothing is wrapped around it. The tool it starts
    // has kill points of its own.
    out += command.inBackground
      ? `probe before ${line}; ${text}`
      : `{ probe before ${line} && ${text} && probe after ${line}; }`;
    copied = command.end;
  }
  out += script.slice(copied);
  const firstLineEnd = out.indexOf("\n") + 1;
  return { script: out.slice(0, firstLineEnd) + PROBE + out.slice(firstLineEnd), statements };
}

/** The count is kept in a file, because parts of a script run in subshells. */
const PROBE = `probe() {
  probe_count=0
  if [ -e "$PROBE_LOG.count" ]; then read -r probe_count <"$PROBE_LOG.count"; fi
  probe_count=$((probe_count + 1))
  printf '%s\\n' "$probe_count" >"$PROBE_LOG.count"
  printf '%s\\n' "script $*" >>"$PROBE_LOG"
  if [ "$probe_count" = "\${PROBE_KILL:-}" ]; then kill -KILL 0; fi
}
`;

const CHANGING = new Set(["mv", "rm", "mkdir", "sync", "exec", "cp", "ln", "touch", "dd", "tee", "truncate"]);

/** The tool's output goes to the scratch folder, but the tool changes etcd. */
const TOOL = '"$META_MIGRATION"';

function changesSomething(name: string, text: string): boolean {
  return CHANGING.has(name) || name === TOOL || writesToVolume(text);
}

function writesToVolume(redirections: string): boolean {
  const targets = [...redirections.matchAll(/(?<![0-9&<])[0-9]?>>?\s*("[^"]*"|[^\s"&]+)/g)].map(
    (match) => match[1] ?? "",
  );
  return targets.some((target) => target !== "/dev/null" && !target.startsWith('"$WORK_DIR/'));
}

interface SimpleCommand {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly inBackground: boolean;
}

const KEYWORDS = new Set([
  "if",
  "then",
  "else",
  "elif",
  "fi",
  "while",
  "until",
  "do",
  "done",
  "!",
  "{",
  "}",
  "case",
  "esac",
  "for",
  "in",
]);

/** The simple commands of a script, outside of command substitutions, in order. */
export function simpleCommands(script: string): SimpleCommand[] {
  const commands: SimpleCommand[] = [];
  let words: { text: string; start: number; end: number }[] = [];
  const close = (operator: string): void => {
    while (words[0] && KEYWORDS.has(words[0].text)) {
      words.shift();
    }
    const named = words.findIndex(({ text }) => !/^[A-Za-z_]\w*=/.test(text));
    const [first, last, command] = [words[0], words.at(-1), words[named]];
    // `name()` opens a function, `pattern)` a branch of a case, and `} >file` redirects a group: none is a command.
    const isCommand = operator !== "(" && operator !== ")" && !/^[0-9]?[<>]/.test(command?.text ?? "");
    if (first && last && !isCommand && writesToVolume(script.slice(first.start, last.end))) {
      throw new Error(
        `a group of commands is redirected: no kill points there: ${script.slice(first.start, last.end)}`,
      );
    }
    if (first && last && command && isCommand) {
      commands.push({ name: command.text, start: first.start, end: last.end, inBackground: operator === "&" });
    }
    words = [];
  };
  let at = 0;
  while (at < script.length) {
    const rest = script.slice(at);
    const skipped = /^(?:[ \t]+|\\\n)/.exec(rest)?.[0];
    const operator = /^(?:&&|\|\||;;|[;|()\n]|&(?!>))/.exec(rest)?.[0];
    if (skipped !== undefined) {
      at += skipped.length;
    } else if (rest.startsWith("#")) {
      at += rest.indexOf("\n");
    } else if (operator !== undefined) {
      close(operator);
      at += operator.length;
    } else {
      const end = wordEnd(script, at);
      words.push({ text: script.slice(at, end), start: at, end });
      at = end;
    }
  }
  close("\n");
  return commands;
}

/** Where the word that starts here ends: quotes, expansions and substitutions belong to it. */
function wordEnd(script: string, start: number): number {
  let at = start;
  while (at < script.length) {
    const char = script[at] ?? "";
    if (char === "\\") {
      at += 2;
    } else if (char === "'") {
      at = script.indexOf("'", at + 1) + 1;
    } else if (char === '"') {
      at = closing(script, at + 1, '"');
    } else if (char === "$" && (script[at + 1] === "(" || script[at + 1] === "{")) {
      at = closing(script, at + 2, script[at + 1] === "(" ? ")" : "}");
    } else if ((char === ">" || char === "<") && script[at + 1] === "&") {
      at += 2;
    } else if (/[\s;|&()]/.test(char)) {
      return at;
    } else {
      at += 1;
    }
  }
  return at;
}

/** Position after the closing character; what is quoted or nested in between does not close. */
function closing(script: string, start: number, end: '"' | ")" | "}"): number {
  let at = start;
  while (at < script.length) {
    const char = script[at] ?? "";
    if (char === end) {
      return at + 1;
    }
    if (char === "\\") {
      at += 2;
    } else if (char === "$" && (script[at + 1] === "(" || script[at + 1] === "{")) {
      at = closing(script, at + 2, script[at + 1] === "(" ? ")" : "}");
    } else if (char === "(" && end === ")") {
      at = closing(script, at + 1, ")");
    } else if (char === '"' && end !== '"') {
      at = closing(script, at + 1, '"');
    } else if (char === "'" && end === ")") {
      at = script.indexOf("'", at + 1) + 1;
    } else {
      at += 1;
    }
  }
  throw new Error(`the script never closes ${end} (from line ${script.slice(0, start).split("\n").length})`);
}
