import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { milvusUpgrade } from "../../../cli/program";
import { CONFIG_KEYS } from "../../../config/keys";
import { parseConfig } from "../../../config/parseConfig";
import { parseStackFile } from "../../../config/stackFile";
import { withConfigTable } from "../../../config/table";
import { DEMO_DOCUMENT, DEMO_PICTURE, demoPicture } from "../../../scripts/demoPicture";
import { TROUBLESHOOTING_DOCUMENT, troubleshootingDocument } from "../../../scripts/troubleshootingDocument";

const root = join(__dirname, "..", "..", "..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  join("sandbox", "README.md"),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  join(".github", "workflows", "milvus.yml"),
  join(".github", "workflows", "milvus-promotion.yml"),
  join("examples", "gitlab", "milvus-promotion.yml"),
];

describe("the documents", () => {
  it("have the errors as the code has them", () => {
    expect(readFileSync(TROUBLESHOOTING_DOCUMENT, "utf8")).to.equal(troubleshootingDocument());
  });

  it("have the configuration as the keys have it, and the picture of what the demo prints", () => {
    const configuration = readFileSync(join(root, "docs", "configuration.md"), "utf8");
    expect(configuration).to.equal(withConfigTable(configuration));
    expect(readFileSync(DEMO_PICTURE, "utf8")).to.equal(demoPicture(readFileSync(DEMO_DOCUMENT, "utf8")));
  });

  it("have keys with parts as the config takes them", () => {
    const [, example = ""] =
      /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs", "configuration.md"), "utf8")) ?? [];
    const { config } = parseStackFile(example.replace(/^( +password:)\n +secure: .*$/m, "$1 decrypted")) as {
      readonly config: Record<string, unknown>;
    };
    const { wanted, settings, verification } = parseConfig({ config });
    expect(wanted).to.include({ version: "2.5.16", releaseName: "my-release" });
    expect(settings.timeouts.rollout).to.equal(45 * 60);
    expect(verification.queries.map(({ collection }) => collection)).to.deep.equal(["books"]);
  });

  it("have every document in the index by task", () => {
    const index = readFileSync(join(root, "docs", "README.md"), "utf8");
    const names = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md") && name !== "README.md");
    expect(names.filter((name) => !index.includes(`](${name})`))).to.deep.equal([]);
  });

  for (const name of documents) {
    const text = readFileSync(join(root, name), "utf8");

    it(`${name} names commands that there are`, () => {
      const named = [...text.matchAll(/npm run (?:-s |--silent )*([a-z][\w:-]*)/g)].map(([, script]) => script ?? "");
      expect(named.filter((script) => !(script in scripts))).to.deep.equal([]);
    });

    it(`${name} names flags that the commands have`, () => {
      const lines = text.matchAll(/npm run (?:-s |--silent )*(plan|adopt|upgrade|verify|history) -- ([^`|#\n]*)/g);
      const wrong = [...lines].flatMap(([, command = "", rest = ""]) => {
        const known = milvusUpgrade()
          .commands.find((it) => it.name() === command)
          ?.options.flatMap(({ long, short }) => [long, short]);
        return (rest.match(/(?<=^|\s)--?[a-z][\w-]*/g) ?? []).filter((flag) => known?.includes(flag) !== true);
      });
      expect(wrong).to.deep.equal([]);
    });

    it(`${name} names config keys that there are`, () => {
      const named = [...text.matchAll(/milvus:([a-z][A-Za-z]+)/g)].map(([, key]) => key ?? "");
      // A provider's type token, and the component's own.
      const others = new Set(["upgrade"]);
      expect(named.filter((key) => !(key in CONFIG_KEYS) && !others.has(key))).to.deep.equal([]);
    });

    it(`${name} links to files that are there`, () => {
      const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? "");
      const missing = links.filter((link) => {
        try {
          readFileSync(join(root, name, "..", link));
          return false;
        } catch {
          return true;
        }
      });
      expect(missing).to.deep.equal([]);
    });

    it(`${name} links to headings and rows that are there`, () => {
      const links = [...text.matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)].map(([, file = "", anchor = ""]) => ({
        file,
        anchor,
      }));
      const missing = links.filter(({ file, anchor }) => {
        const target = file === "" ? text : readFileSync(join(root, name, "..", file), "utf8");
        return !anchorsOf(target).includes(anchor);
      });
      expect(missing).to.deep.equal([]);
    });
  }
});

/** As GitHub makes them from headings, and those that are written. */
function anchorsOf(markdown: string): string[] {
  const written = [...markdown.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id);
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replace(/ /g, "-"),
  );
  return [...written, ...headings];
}
