/** Rows of equal length in columns that line up; `widths` counts what is seen, not colour codes. */
export function table(rows: readonly (readonly string[])[], indent = "  "): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => seen(row[column] ?? ""))),
  );
  return rows.map((row) =>
    (indent + row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - seen(cell))).join("   ")).trimEnd(),
  );
}

function seen(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes start with one
  return text.replace(/\u001b\[\d+m/g, "").length;
}
