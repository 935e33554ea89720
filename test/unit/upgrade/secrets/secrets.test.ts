import { expect } from "chai";
import { splitSecrets } from "../../../../cli/adopt/secretValues";
import { releaseValues } from "../../../../components/values";
import { maskOf } from "../../../../manifests/mask";
import type { HelmValue } from "../../../../upgrade/model";
import { secretsIn } from "../../../../upgrade/secrets/classify";
import { hideKnown, hideSecrets, secretTexts } from "../../../../upgrade/secrets/text";
import { sizeOf } from "../../../support/examples";
import { declare, PLANS, plannedRun } from "../../../support/plans";
import { isSecret, plain, record } from "../../../support/recordingMonitor";
import { SECRET, SPELLINGS } from "./spellings";

/** Every text and number of a tree, and its keys. */
function texts(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, below]) => [key, ...texts(below)]);
}

describe("what is secret", () => {
  it("is written in more than sixty ways", () => expect(SPELLINGS).to.have.length.above(60));

  for (const { values, secret, hidden = "" } of SPELLINGS) {
    const title = JSON.stringify(values).slice(0, 90);
    if (secret === undefined) {
      it(`nothing in ${title}`, () => {
        expect(secretsIn(values)).to.deep.equal([]);
        expect(splitSecrets(values)).to.deep.equal({ open: values, secrets: [] });
        expect(Object.entries(values).map(([key, value]) => maskOf([]).show("ConfigMap", [key], value))).to.deep.equal(
          Object.values(values).map((value) => (typeof value === "string" ? value : JSON.stringify(value))),
        );
      });
      continue;
    }
    it(`the ${secret.form} ${secret.path} in ${title}`, () => {
      expect(secretsIn(values).map(({ path, form }) => ({ path: path.join("."), form }))).to.deep.equal([secret]);
    });

    it(`adopt takes it out of ${title}`, () => {
      const { open = {}, secrets } = splitSecrets(values);
      expect(secrets).to.have.length(1);
      expect(texts(open)).to.not.include(hidden);
      expect(JSON.stringify(open)).to.not.include(SECRET);
    });

    it(`the diff does not show it of ${title}`, () => {
      const shown = Object.entries(values).map(([key, value]) => maskOf([]).show("ConfigMap", [key], value));
      expect(shown.join("\n")).to.include("(hidden)").and.to.not.include(hidden).and.to.not.include("TAIL");
    });

    if (hidden !== "true") {
      it(`is known, so that no text shows it: ${title}`, () => {
        expect(hideKnown(`it was ${hidden}.`, secretTexts(values))).to.equal("it was (hidden).");
      });
    }
  }

  it("is encrypted in the state wherever it stands, and nothing else is", async () => {
    const inputs = Object.fromEntries(SPELLINGS.map(({ values }, index) => [`row${index}`, values]));
    const recorded = await recordedValues(inputs);
    expect(plain(recorded)).to.deep.equal(inputs);
    for (const [index, { values, secret, hidden = "" }] of SPELLINGS.entries()) {
      const shown = texts(withoutSecrets((recorded as Record<string, unknown>)[`row${index}`]));
      if (secret === undefined) expect(shown, JSON.stringify(values)).to.have.members(texts(values));
      else expect(shown.join("\n"), JSON.stringify(values)).to.include("[secret]").and.to.not.include(hidden);
    }
  });
});

describe("a secret that stands under another name as well", () => {
  const values = { minio: { secretKey: SECRET }, colour: SECRET, list: [`uses ${SECRET} here`], other: "plain" };
  const places = ["minio.secretKey", "colour", "list.0"];

  it("is one there too: adopt, state", async () => {
    expect(secretsIn(values).map(({ path }) => path.join("."))).to.deep.equal(places);
    expect(JSON.stringify(splitSecrets(values).open)).to.not.include(SECRET);
    expect(JSON.stringify(withoutSecrets(await recordedValues(values)))).to.not.include(SECRET);
  });

  it("is shown in neither place", () => {
    expect(maskOf([]).show("ConfigMap", ["data"], values)).to.not.include(SECRET);
  });

  it("unless it is short: minio is in half of all names", () => {
    expect(secretsIn({ accessKey: "minio", host: "my-minio" })).to.have.length(1);
  });
});

/** As the engine gets them. */
async function recordedValues(values: Record<string, HelmValue>): Promise<unknown> {
  const { registered } = await record(() =>
    declare(plannedRun(PLANS.helm, { values: releaseValues(values, [], false) })),
  );
  return registered.find(({ type }) => type === "kubernetes:helm.sh/v3:Release")?.inputs.values;
}

function withoutSecrets(value: unknown): unknown {
  if (isSecret(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, below]) => [key, withoutSecrets(below)]))
    : value;
}

describe("texts without secrets", () => {
  const rows = [
    { text: `password: ${SECRET}`, shown: "password: (hidden)" },
    { text: "password: two words", shown: "password: (hidden)" },
    { text: "a: 1\n  password: |\n    one\n    two\n  b: 2", shown: "a: 1\n  password: |\n    (hidden)\n  b: 2" },
    { text: "password: >-\n  one\n\n  two\nb: 2", shown: "password: >-\n  (hidden)\nb: 2" },
    { text: "password: one\n  two\nb: 2", shown: "password: (hidden)\nb: 2" },
    { text: "- password: one\n  user: two", shown: "- password: (hidden)\n  user: two" },
    { text: "tokens:\n- one1\n- two2\nb: 2", shown: "tokens:\n(hidden)\nb: 2" },
    { text: "secret:\n  name: mine\n  key: password", shown: "secret:\n  name: mine\n  key: password" },
    { text: "level=info password=one1 msg=done", shown: "level=info password=(hidden) msg=done" },
    { text: 'said: {"token":"a\\"b","x":1}', shown: 'said: {"token":"(hidden)","x":1}' },
    { text: 'said: "{\\"token\\":\\"one1\\",\\"x\\":1}"', shown: 'said: "{\\"token\\":\\"(hidden)\\",\\"x\\":1}"' },
    { text: "failed to fetch token: not found: x", shown: "failed to fetch token: (hidden) found: x" },
    { text: "run x --password one1 --force", shown: "run x --password (hidden) --force" },
    { text: "dial http://etcd:2379: refused, a@b", shown: "dial http://etcd:2379: refused, a@b" },
    { text: "etcd://a:2379,b:2379/path", shown: "etcd://a:2379,b:2379/path" },
    { text: "https://u:p@ss@host/x", shown: "https://(hidden)@host/x" },
  ];
  for (const { text, shown } of rows) {
    it(`${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => expect(hideSecrets(text)).to.equal(shown));
  }

  it("know first: a secret with a comma, of two words, of several lines", () => {
    const known = [SECRET, "two words", "first-line-of-it\nsecond-line-of-it"];
    const text = `a ${SECRET} b\nc two words d\nkey:\n    first-line-of-it\n    second-line-of-it\n`;
    expect(hideSecrets(text, known)).to.equal("a (hidden) b\nc (hidden) d\nkey:\n    (hidden)\n    (hidden)\n");
  });

  it("know a secret in JSON, in a URL and in base64", () => {
    const known = ['pass"word\\1'];
    const spelled = [JSON.stringify(known[0]), encodeURIComponent(known[0] ?? ""), btoa(known[0] ?? "")];
    expect(hideKnown(spelled.join(" "), known)).to.match(/^"\(hidden\)" \(hidden\) \(hidden\)=*$/);
  });

  for (const spelled of [
    // After a user name of every length, as in a header or a docker config.
    ...["", "a", "ab", "abc:"].map((user) => Buffer.from(`${user}hunter2?>hunter2x`).toString("base64")),
    Buffer.from("ab:hunter2?>hunter2").toString("base64url"),
    "hunter2?\\u003ehunter2",
    "hunter2%3f%3ehunter2",
  ]) {
    it(`know a secret as ${spelled}`, () => {
      const shown = hideKnown(`is ${spelled}`, ["hunter2?>hunter2"]);
      expect(shown).to.match(/^is .{0,6}\(hidden\).{0,4}$/);
    });
  }

  it("know a number as Go writes it, and quotes doubled or closed", () => {
    expect(hideKnown("key: 1.2345678e+07", ["12345678"])).to.equal("key: (hidden)");
    expect(hideKnown("'it''s hunter2'", ["it's hunter2"])).to.equal("'(hidden)'");
    expect(hideKnown("'it'\\''s hunter2'", ["it's hunter2"])).to.equal("'(hidden)'");
  });

  it("show nothing of a text that is read otherwise than it is written", () => {
    expect(hideSecrets("- name: DB_PASSWORD\n  value: 0x1F2E3D4C\n")).to.equal(
      "- name: DB_PASSWORD\n  value: (hidden)\n",
    );
    expect(hideSecrets("- value: 0x1F2E3D4C\n  name: DB_PASSWORD\n")).to.equal("(hidden)");
    expect(hideSecrets('{"pass\\u0077ord":"hunter\\u0032"}')).to.equal("(hidden)");
  });

  it("keep words in which a short secret is", () => {
    expect(hideKnown("rootcoord of root", ["root"])).to.equal("rootcoord of (hidden)");
    expect(hideKnown("1234 and 12345", ["1234"])).to.equal("(hidden) and 12345");
  });

  it("hide a file with more secrets than can be looked for one by one", () => {
    const file = Array.from({ length: 600 }, (_, at) => `- name: A_TOKEN\n  value: secret-${at}`).join("\n");
    expect(hideSecrets(file)).to.equal("(hidden)");
  });
});

describe("a hostile line", function () {
  // A pattern that reads it twice for each of its characters takes ten seconds, one that does not a hundredth of one.
  this.timeout(5_000);
  const parts = [
    "a",
    " ",
    "=",
    ":",
    "'",
    '"',
    "\\",
    "-",
    "--",
    "://",
    "eyJ",
    "eyJa.",
    "-----BEGIN ",
    "-----END A",
    "{",
    "[",
    "a: [",
    "? ",
    ": ",
    "- - ",
    "a=",
    "--token ",
    "token=",
    "token:",
    'password="',
    "a@",
    "- ",
    "\n",
    "<password>",
    "<a ",
    "name=TOKEN ",
    "name: TOKEN, value=",
    "value: ",
    "user:x",
    "user:xyz@",
    "//",
    "-u ",
    "-u a:",
    "login ",
    "login -p ",
    "redis-cli ",
    "mc alias set ",
    "$2y$",
    "MII",
    "ghp_",
    "---- BEGIN A",
    "password \n",
    "password:\n a",
    'password="\n',
    'password="""\n',
    "password=\\\n",
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB ",
    "Y2M9ZGQ",
  ];
  for (const part of parts) {
    it(`made of ${JSON.stringify(part)} again and again is read`, () => {
      const line = part.repeat(Math.ceil(sizeOf(10_000, 100_000) / part.length));
      expect(hideSecrets(`${line}\npassword=hunter2`)).to.not.include("hunter2");
    });
  }
});
