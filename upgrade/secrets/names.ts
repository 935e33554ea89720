/** Whether a name (a key, a variable, a flag) is that of a secret. Every other file here asks this one. */

/** Part of a name even where its words are not set apart: `dbpassword`, `MINIO_SECRETKEY`. */
const ANYWHERE = [
  "password",
  "passwd",
  "passphrase",
  "credential",
  "secretkey",
  "secretaccesskey",
  "accesskey",
  "accountkey",
  "apikey",
  "privatekey",
  "connectionstring",
  "authparams",
  "rootuser",
  "saslusername",
];
/** Words of their own, or the end of one: `authtoken`, `dbpwd`. */
const WORD_ENDS = ["pwd", "secret", "secrets", "token", "tokens"];
/** Only as a word of their own: `tokenizer`, `fieldsnames` and `bypass` are none. */
const WORDS = new Set(["dsn", "jaas", "psk", "sig", "creds", "authorization"]);
/** Only as the last word: `DB_PASS`, but not `passThrough`. */
const LAST_WORDS = new Set(["passes", "pw", "sasl", "signature", "cookie", "auth"]);
/** `requirepass`, `DB_PASS`; these are words of another kind. */
const A_PASS = /(?<!^by|^com|^encom|^sur|^tres|^over|^under)pass$/;
/** What comes before `key` where the value is the key itself, and not the name of one in a Secret. */
const OF_A_KEY = new Set(
  "access account admin api auth cipher encryption hmac jwt license master private sas secret shared signing ssh storage".split(
    " ",
  ),
);
/** A name that ends so tells about a secret: where it is, how long it lives, what it is called. */
const ABOUT = new Set(
  (
    "algorithm annotations audience checksum class count create dir enabled endpoint expiration expiry file filename files folder format " +
    "handler header headers host hours image interval issuer kind labels length limit mechanism mechanisms method minutes mode mount name " +
    "names namespace path paths policies policy port prefix protocol provider ref refs required rotation scope scopes seconds selector size " +
    "suffix timeout ttl type uri url version items min max optional"
  ).split(" "),
);
/** `useSecret: true` switches something; it is no secret, while `useSecret: hunter2` would be odd enough to be one. */
const SWITCHES = new Set(
  "allow automount create disable enable enabled force generate has is mount require requires skip use uses using with".split(
    " ",
  ),
);
/** `tlsSecret`, `imagePullSecrets`: names of Secrets. */
const OF_A_SECRET = new Set(
  "ca cert certificate certificates certs credentials from password pull tls vars".split(" "),
);

/** True where a value under this name is a password, key or token; false where it only names or describes one. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  if (words.includes("checksum") || ABOUT.has(last)) return false;
  if (words.some((word) => word.startsWith("existing")) && !/^(password|passwd|passphrase|pwd)$/.test(last))
    return false;
  if (/^secrets?$/.test(last) && OF_A_SECRET.has(words.at(-2) ?? "")) return false;
  if (/^(max|min|num)$/.test(words[0] ?? "") && last === "tokens") return false;
  const ofKey = /^(.*)keys?$/.exec(last)?.[1];
  if (ofKey === "") return OF_A_KEY.has(words.at(-2) ?? "");
  if (ofKey !== undefined && OF_A_KEY.has(ofKey)) return true;
  const joined = words.join("");
  return (
    ANYWHERE.some((part) => joined.includes(part)) ||
    words.some((word) => WORDS.has(word) || WORD_ENDS.some((end) => word.endsWith(end))) ||
    LAST_WORDS.has(last) ||
    A_PASS.test(last) ||
    /auth(entication)?param(eter)?s?$/.test(joined) ||
    /^(sasl|root)(user|login)$/.test(words.slice(-2).join("")) ||
    /conn(ection)?str$/.test(joined)
  );
}

/** `useSecret`, `automountServiceAccountToken`: a true or false under it is what it says. */
export function isSwitchName(name: string): boolean {
  const words = wordsOf(name);
  return SWITCHES.has(words[0] ?? "") || isAuth(words);
}

/** A map under it holds secrets, whatever their own names are: `passwords: {root: …}`, `secret: {mine: …}`. */
export function holdsSecrets(name: string): boolean {
  return isSecretName(name) && !isAuth(wordsOf(name));
}

/** `auth: {enabled: true, …}` and `sasl: {mechanisms: …}` are parts of most charts, while `REDISCLI_AUTH` is a password. */
function isAuth(words: readonly string[]): boolean {
  return words.at(-1) === "auth" || words.at(-1) === "sasl";
}

/** `name`, `enabled`, `existingSecret`: a setting beside secrets and none itself. */
export function isNameOfSetting(name: string): boolean {
  const words = wordsOf(name);
  return ABOUT.has(words.at(-1) ?? "") || words[0] === "existing" || words.at(-1) === "key";
}

/** A name that says nothing, so that the one above it counts: `password: {value: …}`. */
export function isPlainName(name: string): boolean {
  return /^(value|values|data|stringdata|plain|plaintext|text|content|literal|raw|default)$/i.test(name);
}

const LONGEST_NAME = 200;

/** Of a text the same few names are asked for over and over. */
const known = new Map<string, readonly string[]>();
const MOST_KNOWN = 2_000;

/** `accessKeyID`, `ACCESS_KEY_ID` and `access-key.id` as `access key id`. */
function wordsOf(name: string): readonly string[] {
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const words = wordsIn(name);
  // A copy: a part of a text keeps the whole text in memory.
  known.set(Buffer.from(name).toString(), words);
  return words;
}

function wordsIn(name: string): string[] {
  return name
    .normalize("NFKC")
    .slice(-LONGEST_NAME)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/\d+$/, ""))
    .filter((word) => word !== "");
}
