import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { notesOf, type ReleaseFiles, releaseProblems } from "../../../scripts/release";

const CHANGELOG = `# Changelog

## [Unreleased]

- not yet

## [0.2.0] - 2026-12-01

### Added

- a thing

## [0.1.0] - 2026-11-25
`;
const files = (version: string, changelog = CHANGELOG): ReleaseFiles => ({
  "package.json": JSON.stringify({ version }),
  "package-lock.json": JSON.stringify({ version }),
  "CHANGELOG.md": changelog,
});

describe("a release", () => {
  it("has the notes of its version, and of no other", () => {
    expect(notesOf(CHANGELOG, "0.2.0")).to.equal("### Added\n\n- a thing");
    expect(notesOf(CHANGELOG, "0.1.0")).to.equal("");
    expect(notesOf(CHANGELOG, "0.3.0")).to.equal(undefined);
  });

  const rows: { tag: string; version: string; says: readonly RegExp[] }[] = [
    { tag: "v0.2.0", version: "0.2.0", says: [] },
    { tag: "v0.2.0", version: "0.1.0", says: [/^package\.json has version 0\.1\.0/, /^package-lock\.json has/] },
    { tag: "v0.3.0", version: "0.3.0", says: [/has no heading "## \[0\.3\.0\]"/] },
    { tag: "v0.1.0", version: "0.1.0", says: [/says nothing below "## \[0\.1\.0\]"/] },
    { tag: "0.2.0", version: "0.2.0", says: [/is not vMAJOR/] },
    { tag: "v0.2", version: "0.2.0", says: [/is not vMAJOR/] },
  ];
  for (const { tag, version, says } of rows) {
    it(`${tag} of a package ${version}: ${says.length === 0 ? "goes out" : "is stopped"}`, () => {
      const problems = releaseProblems(tag, files(version));
      expect(problems).to.have.length(says.length);
      for (const [index, pattern] of says.entries()) expect(problems[index]).to.match(pattern);
    });
  }

  it("the changelog of this checkout has its package's version, or what comes next", () => {
    const read = (name: string) => readFileSync(path.join(__dirname, "..", "..", "..", name), "utf8");
    const { version } = JSON.parse(read("package.json")) as { version: string };
    expect(notesOf(read("CHANGELOG.md"), version)).to.match(/\w/);
    expect(notesOf(read("CHANGELOG.md"), "Unreleased")).to.be.a("string");
  });
});
