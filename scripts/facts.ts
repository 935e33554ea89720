import { join } from "node:path";

export const FACTS_DOCUMENT = join(__dirname, "..", "docs", "upgrade-facts.md");

const NUMBER = String.raw`\d+\.\d+[a-z]?(?!\.?\w)`;
const NUMBERS = `${NUMBER}(?:(?:, | and | to )${NUMBER})*`;
/** As messages name facts, for people who look at nothing but the message. */
const IN_MESSAGES = new RegExp(String.raw`docs/upgrade-facts\.md (${NUMBERS})`, "g");
/** As comments, tests and documents do. */
const IN_COMMENTS = new RegExp(String.raw`\bfacts? (${NUMBERS})`, "g");

/** The numbers of the facts that a text names; of a range its two ends. */
export function namedFacts(text: string): string[] {
  return [IN_MESSAGES, IN_COMMENTS]
    .flatMap((form) => [...text.matchAll(form)])
    .flatMap(([, numbers = ""]) => numbers.match(new RegExp(NUMBER, "g")) ?? []);
}

/** A text for a document beside upgrade-facts.md: each fact that it names is a link. */
export function withFactLinks(text: string): string {
  return text.replace(IN_MESSAGES, (_, numbers: string) => {
    let name = "fact ";
    return numbers.replace(new RegExp(NUMBER, "g"), (number) => {
      const link = `[${name}${number}](upgrade-facts.md#${factAnchor(number)})`;
      name = "";
      return link;
    });
  });
}

export function factAnchor(number: string): string {
  return `fact-${number.replace(".", "-")}`;
}
