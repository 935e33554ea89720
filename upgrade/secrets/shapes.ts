import type { Take } from "./take";

/**
 * What needs no name beside it to be seen as secret. No pattern may begin in the middle of what it repeats (hence the
 * lookbehinds), so that each reads a text once, however hostile it is.
 */
const SHAPES: readonly RegExp[] = [
  // Private keys and certificates; SSH2 writes four dashes and blanks.
  /(?<!-)-{4,5} ?BEGIN [A-Z0-9 ]{1,40}-{4,5}[\s\S]*?(?:-{4,5} ?END [A-Z0-9 ]{1,40}-{4,5}|$)/g,
  // The same in base64, and without its first line.
  /(?<![A-Za-z0-9+/])(?:LS0tLS1CRUdJTi[A-Za-z0-9+/=]*|MII[A-Za-z0-9+/=]{100,})/g,
  /(?<=\b(?:bearer|basic)[ \t])[A-Za-z0-9+/_.~=-]{8,}/gi,
  // A JSON web token.
  /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g,
  // Tokens with the mark of who issues them: GitHub, GitLab, Slack, Google, Hugging Face, npm, Stripe, OpenAI, Vault, age.
  /(?<![\w-])(?:gh[pousr]_|github_pat_|gl[a-z]{2,4}-|xox[abeoprs]-|AIza|ya29\.|hf_|npm_|sk-|[sr]k_live_|hv[bs]\.|AGE-SECRET-KEY-1)[\w.-]{16,}/g,
  /(?<=hooks\.slack\.com\/services\/)[\w/-]+/g,
  // What a password was hashed to, as in htpasswd and shadow files.
  /(?<!\$)\$(?:2[abxy]|[156y]|apr1|argon2(?:id|[di]))\$[^\s"'`<>]{16,}/g,
];

export function hideShapes(text: string, take: Take): string {
  const shaped = SHAPES.reduce((rest, shape) => rest.replace(shape, take), text);
  return hideBareUsers(hideUserInformation(shaped, take), take);
}

// ------------------------------------------------------------------------------------------------ users and passwords

/** What follows an @ that belongs to a path: a digest, a package. */
const NO_HOST = /^(?:sha\d{3}:|$)/;

/** `user:password@` between `://` and the host. A password may hold a slash or a blank: what is no port number is one. */
function hideUserInformation(text: string, take: Take): string {
  const [first = "", ...rest] = text.split("://");
  return rest.reduce((done, part) => {
    const run = /^[^\s"'<>`]*/.exec(part)?.[0] ?? "";
    const authority = /^[^/?#]*/.exec(run)?.[0] ?? "";
    const hasNoPort = /^[^:[@]*:(?!\d+(?:\W|$)|[${]|$)/.test(authority);
    const end = hasNoPort ? lastAt(part, run) : endOfUser(run, authority);
    if (end >= 0) {
      // The password is a secret without the user as well.
      const colon = part.slice(0, end).indexOf(":");
      if (colon >= 0) take(part.slice(colon + 1, end));
      return `${done}://${take(part.slice(0, end))}${part.slice(end)}`;
    }
    return `${done}://${hasNoPort ? take(authority) : authority}${part.slice(authority.length)}`;
  }, first);
}

/** Where there is none before a blank, one after it: whoever writes a password into a URL may not have escaped it. */
function lastAt(part: string, run: string): number {
  const at = run.lastIndexOf("@");
  return at >= 0 ? at : (/^[^\n"'<>`]{0,200}/.exec(part)?.[0] ?? "").lastIndexOf("@");
}

/** Digits and a slash may be a port and a path, or the beginning of a password. */
function endOfUser(run: string, authority: string): number {
  const inAuthority = authority.lastIndexOf("@");
  const at = run.lastIndexOf("@");
  if (inAuthority >= 0 || at < 0 || !/^[^:[@]*:\d+$/.test(authority)) return inAuthority;
  const isPath = /[?#=]/.test(run.slice(0, at)) || run.charAt(at - 1) === "/" || NO_HOST.test(run.slice(at + 1));
  return isPath ? inAuthority : at;
}

/** `user:password@host` without a scheme before it, as in `root:hunter2@tcp(mysql:3306)/milvus`. */
function hideBareUsers(text: string, take: Take): string {
  const users =
    /(?<![\w.+%-])(?!(?:mailto|sips?|acct):)([\w.+%-]{1,64}):([^\s/@"'`<>]{3,100})@(?!sha\d{3}:)(?=[\w(.[-])/gi;
  return text.replace(users, (_all, user: string, password: string) => {
    take(password);
    return `${take(`${user}:${password}`)}@`;
  });
}
