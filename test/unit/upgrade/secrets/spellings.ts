import type { HelmValues } from "../../../../upgrade/model";

/** One way to write something down, and what of it is secret. One table for state, adopt, diff and diagnosis. */
export interface Spelling {
  readonly values: HelmValues;
  /** Path of what is secret, and whether it is the secret itself or a text that holds it; missing: nothing is. */
  readonly secret?: { readonly path: string; readonly form: "value" | "text" };
  /** What must not be seen; the value itself where it is missing. */
  readonly hidden?: string;
}

/** Nothing but its name says that it is one. */
export const SECRET = "Ab,cd!9x-TAIL";

const value = (path: string, values: HelmValues, hidden = SECRET): Spelling => ({
  values,
  secret: { path, form: "value" },
  hidden,
});
const text = (path: string, values: HelmValues, hidden = SECRET): Spelling => ({
  values,
  secret: { path, form: "text" },
  hidden,
});
const open = (values: HelmValues): Spelling => ({ values });

const NAMES = [
  "password",
  "rootPassword",
  "defaultRootPassword",
  "dbpassword",
  "MYSQL_ROOT_PASSWORD",
  "passwd",
  "pwd",
  "DB_PWD",
  "DB_PASS",
  "ROOT_PW",
  "passphrase",
  "secret",
  "secretKey",
  "secretkey",
  "SECRET_KEY",
  "secretAccessKey",
  "clientSecret",
  "jwtSecret",
  "token",
  "authToken",
  "GITHUB_TOKEN",
  "token2",
  "credential",
  "credentials",
  "apiKey",
  "api_key",
  "X-Api-Key",
  "accountKey",
  "accessKey",
  "accessKeyID",
  "ACCESS_KEY_ID",
  "privateKey",
  "encryptionKey",
  "connectionString",
  "AZURE_STORAGE_CONNECTION_STRING",
  "dsn",
  "sentryDsn",
  "jaas",
  "saslJaasConfig",
  "sasl.jaas.config",
  "auth_params",
  "authParams",
  "brokerClientAuthenticationParameters",
  "rootUser",
  "MINIO_ROOT_USER",
  "saslUsername",
  "saslPassword",
  "Authorization",
];

const OPEN_NAMES = [
  "existingSecret",
  "existingSecretPasswordKey",
  "secretName",
  "passwordSecret",
  "tlsSecret",
  "imagePullSecrets",
  "secretKeyRef",
  "passwordSecretRef",
  "passwordKey",
  "tokenKey",
  "passwordFile",
  "tokenPath",
  "tokenExpirationSeconds",
  "username",
  "key",
  "partitionKey",
  "sessionKey",
  "tokenizer",
  "bypass",
  "compassName",
  "fieldsname",
  "saslMechanisms",
  "checksum/secret",
];

export const SPELLINGS: readonly Spelling[] = [
  ...NAMES.map((name) => value(name, { [name]: SECRET })),
  ...OPEN_NAMES.map((name) => open({ [name]: "my-release-minio" })),
  // Numbers and switches.
  value("minio.secretKey", { minio: { secretKey: 12345678 } }, "12345678"),
  value("password", { password: true }, "true"),
  open({ automountServiceAccountToken: false }),
  open({ auth: { useSecret: true, usingSecretKey: false } }),
  open({ maxTokens: 512 }),
  open({ password: "" }),
  open({ password: null }),
  // Lists and maps below.
  value("tokens.0", { tokens: [SECRET] }),
  value("users.0.password", { users: [{ password: SECRET }] }),
  value("passwords.root", { passwords: { root: SECRET, existingSecret: "mine" } }),
  value("credentials.minio", { credentials: { minio: SECRET, enabled: true } }),
  value("password.value", { password: { value: SECRET } }),
  open({ imagePullSecrets: [{ name: "mirror" }] }),
  open({ secret: { name: "mine", enabled: true } }),
  // Variables.
  value("extraEnv.0.value", { extraEnv: [{ name: "DB_PASSWORD", value: SECRET }] }),
  value("env.0.value", { env: [{ name: "DB_PWD", value: 87654321 }] }, "87654321"),
  open({ env: [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "mine", key: "password" } } }] }),
  open({ env: [{ name: "LEVEL", value: "info" }] }),
  open({ env: [{ name: "DB_PASSWORD_FILE", value: "/run/secrets/db" }] }),
  // Arguments.
  text("args.0", { args: [`--password=${SECRET}`] }),
  text("args.0", { args: [`--token ${SECRET}`] }),
  text("args.0", { args: [`-apikey=${SECRET}`] }),
  value("args.1", { args: ["--password", SECRET] }),
  text("command.2", { command: ["sh", "-c", `login --user root --password '${SECRET}' --quiet`] }),
  open({ args: ["--password-file=/run/secrets/db", "--password=$(DB_PASSWORD)"] }),
  open({ args: ["--token", "--verbose"] }),
  // Texts with a structure of their own.
  text("extraConfigFiles.user.yaml", {
    extraConfigFiles: { "user.yaml": `common:\n  security:\n    defaultRootPassword: ${SECRET}\n` },
  }),
  text("file", { file: `a:\n  password: |\n    ${SECRET}\n  b: c\n` }),
  text("file", { file: `passwords:\n- ${SECRET}\nother: 1\n` }),
  text("file", { file: `env:\n  - name: DB_PASSWORD\n    value: ${SECRET}\n` }),
  text("file", { file: `{user: root, password: "${SECRET}"}` }),
  text("json", { json: JSON.stringify({ a: [{ secretAccessKey: SECRET }] }) }),
  text("json", { json: JSON.stringify({ inner: JSON.stringify({ apiKey: SECRET }) }) }),
  text("json", { json: `{"accountKey": 12345678}` }, "12345678"),
  text("properties", { properties: `a=b\nsasl.jaas.config=Module required username="u" password="${SECRET}";\n` }),
  text("config", { config: `Module required username="kafka" password="${SECRET}";` }),
  text("connection", { connection: `Server=db;Uid=root;Pwd=${SECRET}` }),
  text("connection", { connection: `AccountName=a;AccountKey=${SECRET};EndpointSuffix=e` }),
  text("url", { url: `postgres://root:${SECRET}@db:5432/milvus` }),
  text("url", { url: `redis://:${SECRET}/x@cache` }, `${SECRET}/x`),
  text("url", { url: `https://host/path?token=${SECRET}` }),
  open({ url: "http://my-release-minio:9000" }),
  open({ url: "oci://registry.example.com:5000/charts/milvus@sha256:0123" }),
  text("header", { header: "Bearer abcdefgh12345678" }, "abcdefgh12345678"),
  text(
    "pem",
    { pem: "-----BEGIN RSA PRIVATE KEY-----\nhunter2hunter2\n-----END RSA PRIVATE KEY-----\n" },
    "hunter2hunter2",
  ),
  text("jwt", { jwt: "eyJhbGciOi.hunter2.c2lnbmF0dXJl" }, "eyJhbGciOi.hunter2.c2lnbmF0dXJl"),
  open({ file: "log:\n  level: info\n  tokenizer: standard\n" }),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as a chart's file has it
  open({ file: "password: ${DB_PASSWORD}\ntoken: $(TOKEN)\nsecretKey: {{ .Values.key }}\npwd: null\n" }),
];
