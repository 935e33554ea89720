import { isSecretName } from "./names";
import { isReference, quotedLength, type Take } from "./take";

/** Secrets whose name, or whose command, stands somewhere else than before a colon or an equals sign. */
export function hidePairs(text: string, take: Take): string {
  const named = text.replace(ELEMENT, (...found) => shownNamed(found, take));
  const called = COMMANDS.reduce(
    (rest, pattern) => rest.replace(pattern, (_all, before: string, value: string) => before + taken(value, take)),
    hideNamedApart(named, take),
  );
  const asked = called.replace(USER, (_all, before: string, user: string) => {
    take(user.slice(user.indexOf(":") + 1));
    return before + taken(user, take);
  });
  return asked.replace(LINE, (...found) => (isSaid(found) ? found[0] : shownNamed(found, take)));
}

/** `<password>hunter2</password>`: what is before the name, the name, what is between, and the value. */
const ELEMENT = /(<)([\w:.-]{1,80})((?:\s[^<>]{0,200})?>\s{0,20})([^<>\s][^<>]{0,2000})(?=<\/)/g;

const QUOTE = "\\\\{0,3}[\"'`]?";
/** `name: DB_PASSWORD, value: ` of YAML, JSON, XML, and Go's structs; what follows is the value. */
const NAME_THEN_VALUE = new RegExp(
  `(?<![\\w.])(?:name|key|variable|var|env)${QUOTE}[ \\t]{0,8}[:=>][ \\t]{0,8}${QUOTE}([\\w.-]{1,100})${QUOTE}` +
    `(?:</\\w{1,20}>)?([\\s,;]{1,60})(?:- )?<?${QUOTE}value${QUOTE}[ \\t]{0,8}[:=>][ \\t]{0,8}`,
  "gi",
);

function hideNamedApart(text: string, take: Take): string {
  let done = "";
  let at = 0;
  let endOfLine = -1;
  for (const { 0: head, 1: name = "", 2: gap = "", index } of text.matchAll(NAME_THEN_VALUE)) {
    if (index < at || !isSecretName(name)) continue;
    const from = index + head.length;
    if (endOfLine < from) endOfLine = text.indexOf("\n", from) < 0 ? text.length : text.indexOf("\n", from);
    const line = text.slice(from, endOfLine);
    const toEnd = gap.includes("\n") && !head.endsWith(">");
    const length = quotedLength(line) ?? (toEnd ? line.length : (/^[^\s<}\]]*/.exec(line)?.[0].length ?? 0));
    done += text.slice(at, from) + taken(line.slice(0, length), take);
    at = from + length;
  }
  return done + text.slice(at);
}

/** `curl -u user:password`: what is before, and both. */
const USER = /((?<![\w-])(?:-u|--(?:proxy-)?user)(?:[ \t]{1,8}|=)["']?)([^\s:"'`-][^\s:"'`]{0,80}:[^\s"'`]+)/g;

/** Each with what is before the value, and the value: what a flag means depends on the command. */
const COMMANDS: readonly RegExp[] = [
  // MinIO's client: mc alias set NAME URL ACCESSKEY SECRETKEY
  /(\bmc[ \t]{1,8}(?:alias[ \t]{1,8}set|config[ \t]{1,8}host[ \t]{1,8}add)[ \t]{1,8}\S{1,200}[ \t]{1,8}\S{1,400}[ \t]{1,8}\S{1,200}[ \t]{1,8})(\S+)/g,
  /(\bmc[ \t]{1,8}(?:alias[ \t]{1,8}set|config[ \t]{1,8}host[ \t]{1,8}add)[ \t]{1,8}\S{1,200}[ \t]{1,8}\S{1,400}[ \t]{1,8})(\S+)/g,
  /(\bredis-(?:cli|benchmark)\b[^\n|;&]{0,200}?[ \t]-a[ \t]{1,8})(\S+)/g,
  /(\b(?:mysql\w{0,10}|mariadb(?:-\w{1,10})?|mongo\w{0,10}|sshpass|login)\b[^\n|;&]{0,200}?[ \t]-p[ \t]{0,8})([^\s-]\S*)/g,
  // .netrc
  /(\blogin[ \t]{1,8}\S{1,200}[ \t]{1,8}password[ \t]{1,8})(\S+)/gi,
];

/** A line of its own: `requirepass hunter2`, `export DB_PASSWORD hunter2`. */
const LINE =
  /(^[ \t]{0,200}(?:(?:export|setenv|env|set|arg)[ \t]{1,8})?)(\w[\w.-]{0,100})([ \t]{1,64})([^\s:=]\S*)(?=[ \t\r]*$)/gim;

/** `token expired`: two words of a sentence. */
function isSaid(found: readonly unknown[]): boolean {
  return (
    /^(?:tokens?|secrets?|credentials?|authorization|auth)$/i.test(String(found[2])) &&
    /^[a-z]+[.!]?$/.test(String(found[4]))
  );
}

function shownNamed([all, before, name, between, value]: readonly unknown[], take: Take): string {
  if (!isSecretName(String(name))) return String(all);
  return `${String(before)}${String(name)}${String(between)}${taken(String(value), take)}`;
}

function taken(value: string, take: Take): string {
  return isReference(value) ? value : take(value);
}
