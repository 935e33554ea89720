/** What must not reach a log: messages and log lines of containers may hold passwords. */
const HIDDEN = "[hidden]";

const PATTERNS: readonly { readonly pattern: RegExp; readonly replacement: string }[] = [
  { pattern: /-----BEGIN [A-Z ]+-----[\s\S]*?(-----END [A-Z ]+-----|$)/g, replacement: HIDDEN },
  // user:password@host
  { pattern: /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, replacement: `$1${HIDDEN}@` },
  { pattern: /\b(bearer|basic)\s+[A-Za-z0-9+/_.~=-]{8,}/gi, replacement: `$1 ${HIDDEN}` },
  { pattern: /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, replacement: HIDDEN },
  { pattern: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, replacement: HIDDEN },
  // password=…, "secretAccessKey": "…", --token …, SECRET_KEY: …
  {
    pattern:
      /([\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret[_-]?(?:access[_-]?)?key(?:id)?|client[_-]?secret|access[_-]?key(?:[_-]?id)?|api[_-]?key|private[_-]?key|token|credentials?)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&})\]]+)/gi,
    replacement: `$1${HIDDEN}`,
  },
  { pattern: /(--[\w-]*(?:password|secret|token|key)\s+)(?!-)\S+/gi, replacement: `$1${HIDDEN}` },
];

/** Shorter ones would hide parts of ordinary words. */
const SHORTEST_KNOWN = 4;

/**
 * Takes out what looks like a password, key or token, and every one of the known secrets.
 * @param known values that must not appear whatever they look like, such as passwords from the Helm values
 */
export function scrub(text: string, known: readonly string[] = []): string {
  const withoutKnown = [...known]
    .filter((secret) => secret.length >= SHORTEST_KNOWN)
    .sort((a, b) => b.length - a.length)
    .reduce((scrubbed, secret) => scrubbed.replaceAll(secret, HIDDEN), text);
  return PATTERNS.reduce((scrubbed, { pattern, replacement }) => scrubbed.replace(pattern, replacement), withoutKnown);
}
