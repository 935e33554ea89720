/**
 * For the release workflow. `tsx scripts/release.ts check v0.2.0` fails unless package.json, the lock file and CHANGELOG.md agree
 * with the tag; `tsx scripts/release.ts notes v0.2.0` prints that version's part of CHANGELOG.md.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { valid } from "semver";

/** The texts of the files that have to agree. */
export interface ReleaseFiles {
  readonly "package.json": string;
  readonly "package-lock.json": string;
  readonly "CHANGELOG.md": string;
}

/** The part of a changelog below `## [VERSION]`; undefined where there is none. */
export function notesOf(changelog: string, version: string): string | undefined {
  const part = changelog.split(/^(?=## )/m).find((text) => text.startsWith(`## [${version}]`));
  return part?.split("\n").slice(1).join("\n").trim();
}

/** What keeps a tag such as v0.2.0 from being released, each with what to do; empty where nothing does. */
export function releaseProblems(tag: string, files: ReleaseFiles): readonly string[] {
  const version = tag.replace(/^v/, "");
  if (!tag.startsWith("v") || valid(version) !== version) return [`The tag ${tag} is not vMAJOR.MINOR.PATCH.`];
  const wrong = (["package.json", "package-lock.json"] as const).flatMap((name) => {
    const its = (JSON.parse(files[name]) as { version: string }).version;
    if (its === version) return [];
    return [
      `${name} has version ${its}, and the tag says ${version}. Type: npm version ${version} --no-git-tag-version`,
    ];
  });
  const notes = notesOf(files["CHANGELOG.md"], version);
  if (notes === undefined) {
    wrong.push(
      `CHANGELOG.md has no heading "## [${version}]". Move what stands under Unreleased below such a heading.`,
    );
  } else if (notes === "") {
    wrong.push(`CHANGELOG.md says nothing below "## [${version}]".`);
  }
  return wrong;
}

function main([command, tag = ""]: readonly string[]): number {
  const read = (name: string) => readFileSync(path.join(__dirname, "..", name), "utf8");
  const files: ReleaseFiles = {
    "package.json": read("package.json"),
    "package-lock.json": read("package-lock.json"),
    "CHANGELOG.md": read("CHANGELOG.md"),
  };
  const problems = releaseProblems(tag, files);
  if (problems.length > 0 || (command !== "check" && command !== "notes")) {
    const usage = "Usage: npx tsx scripts/release.ts check|notes vX.Y.Z";
    process.stderr.write(`${(problems.length > 0 ? problems : [usage]).join("\n")}\n`);
    return 1;
  }
  if (command === "notes") process.stdout.write(`${notesOf(files["CHANGELOG.md"], tag.slice(1)) ?? ""}\n`);
  return 0;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));
