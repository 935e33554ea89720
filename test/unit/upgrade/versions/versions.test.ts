import { expect } from "chai";
import fc from "fast-check";
import * as semver from "semver";
import { RefusalError } from "../../../../upgrade/refusal";
import { parseImage } from "../../../../upgrade/versions/images";
import { parseVersionRequest, resolveVersion, type VersionRequest } from "../../../../upgrade/versions/request";
import {
  atLeast,
  compareVersions,
  isPreRelease,
  isVersion,
  majorOf,
  minorOf,
  olderThan,
  sortVersions,
  splitVariant,
} from "../../../../upgrade/versions/versions";
import { examples } from "../../../support/examples";

describe("versions", () => {
  const order = [
    "2.0.0-pre-ga",
    "2.0.0",
    "2.4.9",
    "2.4.10",
    "2.4.13",
    "2.4.13-hotfix",
    "2.4.14",
    "2.5.0-beta",
    "2.5.0",
    "3.0.0",
  ];

  it(`are in the order ${order.join(" < ")}`, () => {
    expect(sortVersions(order.toReversed())).to.deep.equal(order);
  });

  it("puts rc10 after rc9", () => {
    expect(compareVersions("2.6.0-rc10", "2.6.0-rc9")).to.be.above(0);
  });

  it("are SemVer, unless a hotfix or a number without a dot is in them", () => {
    const number = fc.integer({ min: 0, max: 9999 });
    const plain = fc
      .record({
        numbers: fc.tuple(number, number, number),
        suffix: fc.constantFrom("", "-alpha", "-beta", "-rc", "-rc.2"),
      })
      .map(({ numbers, suffix }) => `${numbers.join(".")}${suffix}`);
    // Close ones as well: of two at random hardly any share the minor.
    const near = fc.constantFrom("2.4.9", "2.4.10", "2.4.10-beta", "2.4.10-rc.2", "2.4.10-rc.10", "2.10.0", "10.0.0");
    const version = fc.oneof(plain, near);
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(isVersion(a)).to.equal(semver.valid(a) !== null);
        expect(Math.sign(compareVersions(a, b)), `${a} and ${b}`).to.equal(semver.compare(a, b));
        expect([atLeast(a, b), olderThan(a, b)]).to.deep.equal([semver.gte(a, b), semver.lt(a, b)]);
        expect(minorOf(a)).to.equal(`${semver.major(a)}.${semver.minor(a)}`);
        expect(majorOf(a)).to.equal(semver.major(a));
        expect(isPreRelease(a)).to.equal(semver.prerelease(a) !== null);
      }),
      examples(200),
    );
  });

  for (const { text, valid } of [
    { text: "2.4.16", valid: true },
    { text: "v2.4.16", valid: true },
    { text: "2.5.0-beta", valid: true },
    { text: "2.4", valid: false },
    { text: "latest", valid: false },
    { text: "2.4.16-gpu", valid: false },
    { text: "2.4.16.1", valid: false },
    { text: "2.04.16", valid: false },
    { text: "", valid: false },
  ]) {
    it(`takes ${JSON.stringify(text)} ${valid ? "for" : "not for"} a version`, () => {
      expect(isVersion(text)).to.equal(valid);
    });
  }

  it("counts a hotfix as a release and a beta not", () => {
    expect(["2.4.13-hotfix", "2.5.0-beta", "2.5.0"].map(isPreRelease)).to.deep.equal([false, true, false]);
  });

  it("knows the minor", () => {
    expect(minorOf("v2.4.16")).to.equal("2.4");
  });

  it("splits version and variant", () => {
    expect(splitVariant("v2.3.0-gpu-beta")).to.deep.equal({ version: "2.3.0-beta", variant: "-gpu" });
  });
});

describe("parseImage", () => {
  for (const { image, repository, version, variant, digest } of [
    {
      image: "milvusdb/milvus:v2.4.5",
      repository: "milvusdb/milvus",
      version: "2.4.5",
      variant: "",
      digest: undefined,
    },
    {
      image: "milvusdb/milvus:v2.4.5-gpu",
      repository: "milvusdb/milvus",
      version: "2.4.5",
      variant: "-gpu",
      digest: undefined,
    },
    {
      image: "reg.example.com:5000/m/milvus:2.4.5",
      repository: "reg.example.com:5000/m/milvus",
      version: "2.4.5",
      variant: "",
      digest: undefined,
    },
    {
      image: "reg.example.com:5000/m/milvus",
      repository: "reg.example.com:5000/m/milvus",
      version: undefined,
      variant: "",
      digest: undefined,
    },
    {
      image: "milvusdb/milvus@sha256:ab12",
      repository: "milvusdb/milvus",
      version: undefined,
      variant: "",
      digest: "sha256:ab12",
    },
    {
      image: "milvusdb/milvus:v2.4.5@sha256:ab12",
      repository: "milvusdb/milvus",
      version: "2.4.5",
      variant: "",
      digest: "sha256:ab12",
    },
    {
      image: "milvusdb/milvus:2.4-20240801-4a8b4f9d",
      repository: "milvusdb/milvus",
      version: undefined,
      variant: "",
      digest: undefined,
    },
    {
      image: "milvusdb/milvus:v2.4.5-20240801-4a8b4f9d",
      repository: "milvusdb/milvus",
      version: undefined,
      variant: "",
      digest: undefined,
    },
    {
      image: "milvusdb/milvus:v2.4.5-gpu-20240801",
      repository: "milvusdb/milvus",
      version: undefined,
      variant: "-gpu",
      digest: undefined,
    },
    {
      image: "milvusdb/milvus:latest",
      repository: "milvusdb/milvus",
      version: undefined,
      variant: "",
      digest: undefined,
    },
    {
      image: "milvusdb/milvus:v2.4.0-latest",
      repository: "milvusdb/milvus",
      version: undefined,
      variant: "",
      digest: undefined,
    },
    { image: "", repository: "", version: undefined, variant: "", digest: undefined },
  ]) {
    it(`reads ${image === "" ? "an empty image" : image} as ${version ?? "no version"}${variant}`, () => {
      const found = parseImage(image);
      expect([found.repository, found.version, found.variant, found.digest]).to.deep.equal([
        repository,
        version,
        variant,
        digest,
      ]);
    });
  }
});

describe("parseVersionRequest", () => {
  const exact = (version: string, variant = ""): VersionRequest => ({ kind: "exact", version, variant });
  const minor = (of: string): VersionRequest => ({ kind: "minor", minor: of });
  const least = (version: string): VersionRequest => ({ kind: "leastPatch", version });

  for (const { request, means } of [
    { request: "2.2.9", means: exact("2.2.9") },
    { request: "v2.2.9", means: exact("2.2.9") },
    { request: " 2.2.9 ", means: exact("2.2.9") },
    { request: "2.4.16-gpu", means: exact("2.4.16", "-gpu") },
    { request: "v2.3.0-gpu-beta", means: exact("2.3.0-beta", "-gpu") },
    { request: "2.4.13-hotfix", means: exact("2.4.13-hotfix") },
    { request: "2.4", means: minor("2.4") },
    { request: "v2.4", means: minor("2.4") },
    { request: "2.4.x", means: minor("2.4") },
    { request: "2.4.*", means: minor("2.4") },
    { request: "~2.4", means: minor("2.4") },
    { request: "~2.4.10", means: least("2.4.10") },
    { request: "~v2.4.10", means: least("2.4.10") },
    { request: " latest ", means: { kind: "latest" } as const },
  ]) {
    it(`reads ${JSON.stringify(request)} as ${JSON.stringify(means)}`, () => {
      expect(parseVersionRequest(request)).to.deep.equal(means);
    });
  }

  for (const request of [
    "",
    "2",
    "~2",
    "x",
    "newest",
    "2.4.y",
    "2.4.16.1",
    "2.4.16-",
    "^2.4.1",
    ">=2.4",
    "~2.4.10-gpu",
    "2.4.16 gpu",
  ]) {
    it(`does not take ${JSON.stringify(request)} for a request`, () => {
      expect(parseVersionRequest(request)).to.equal(undefined);
    });
  }
});

describe("resolveVersion", () => {
  for (const { request, running, version, variant = "", warning } of [
    { request: "2.2.9", version: "2.2.9" },
    { request: "v2.2.9", version: "2.2.9" },
    { request: "2.5", version: "2.5.16", warning: "newest one with a chart" },
    { request: "2.5.x", version: "2.5.16", warning: "2.5.x is 2.5.16" },
    { request: "2.5.*", version: "2.5.16", warning: "2.5.* is 2.5.16" },
    { request: "~2.5", version: "2.5.16", warning: "~2.5 is 2.5.16" },
    { request: "~2.4.10", version: "2.4.16", warning: "~2.4.10 is 2.4.16" },
    { request: "latest", version: "2.6.15", warning: "latest is 2.6.15" },
    { request: "3.0", version: "3.0.3", warning: "3.0 is 3.0.3" },
    { request: "2.6", running: "2.6.18", version: "2.6.18", warning: "which runs" },
    { request: "latest", running: "3.0.1", version: "3.0.1", warning: "which runs" },
    { request: "~2.4.10", running: "2.4.5", version: "2.4.16", warning: "newest one" },
    { request: "2.2.16", version: "2.2.16" },
    { request: "2.4.13", version: "2.4.13", warning: "2.4.13-hotfix" },
    { request: "2.5.30", version: "2.5.30", warning: "The catalogue does not know" },
    { request: "2.4.5-gpu", version: "2.4.5", variant: "-gpu" },
    { request: "2.5.99", running: "2.5.99", version: "2.5.99" },
  ]) {
    it(`takes ${request} for ${version}${running === undefined ? "" : ` where ${running} runs`} (facts 1.7 and 1.8)`, () => {
      const resolved = resolveVersion(request, running);
      expect([resolved.version, resolved.variant]).to.deep.equal([version, variant]);
      const messages = resolved.warnings.map(({ message }) => message).join(" ");
      if (warning === undefined) expect(messages).to.equal("");
      else expect(messages).to.contain(warning);
    });
  }

  for (const { request, says } of [
    { request: "2.4.2", says: "There is no Milvus release 2.4.2: of 2.4 there are 2.4.0, 2.4.1, 2.4.3" },
    { request: "2.7", says: "not of 2.7" },
    { request: "3.1.0", says: "not of 3.1" },
    { request: "1.1.0", says: "not of 1.1" },
    { request: "newest", says: '"newest" is not a version' },
    { request: "~2.4.99", says: "There is no Milvus release ~2.4.99" },
    { request: "2.3.0-alpha", says: "There is no Milvus release 2.3.0-alpha" },
  ]) {
    it(`refuses ${request}: ${says}`, () => {
      expect(() => resolveVersion(request, undefined))
        .to.throw(RefusalError, says)
        .with.nested.property("refusal.remedy")
        .that.contains("pulumi config set milvus:version");
    });
  }
});
