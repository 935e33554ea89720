/** Longer texts than this are not compared line by line: the table would grow with the square. */
const MOST_LINES = 3000;

/** `- old` and `+ new` lines between two texts, in order; equal lines are left out. A missing text has no lines. */
export function changedLines(before: string | undefined, after: string | undefined): string[] {
  const [old, next] = [before?.split("\n") ?? [], after?.split("\n") ?? []];
  const head = commonHead(old, next);
  const tail = commonTail(old, next, head);
  const [from, to] = [old.slice(head, old.length - tail), next.slice(head, next.length - tail)];
  if (from.length * to.length > MOST_LINES * MOST_LINES) {
    return [`- ${from.length} lines`, `+ ${to.length} lines`];
  }
  return walk(from, to);
}

function commonHead(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count++;
  return count;
}

function commonTail(a: readonly string[], b: readonly string[], head: number): number {
  let count = 0;
  while (count < a.length - head && count < b.length - head && a.at(-1 - count) === b.at(-1 - count)) count++;
  return count;
}

/** Longest common subsequence, from the end so that it can be walked from the start. */
function walk(a: readonly string[], b: readonly string[]): string[] {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`- ${a[i++] ?? ""}`);
    } else {
      lines.push(`+ ${b[j++] ?? ""}`);
    }
  }
  return lines;
}
