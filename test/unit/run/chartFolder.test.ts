import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { chartFolderDigest } from "../../../run/chartFolder";

describe("the digest of a chart folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "chart-")), "milvus-4.2.20");
    mkdirSync(join(folder, "templates"), { recursive: true });
    writeFileSync(join(folder, "Chart.yaml"), "name: milvus\n");
    writeFileSync(join(folder, "templates", "proxy.yaml"), "kind: Deployment\n");
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

  const digest = (location = folder) =>
    chartFolderDigest({ kind: "folder", name: "milvus", version: "4.2.20", location });

  /** `linked` leads to a folder beside the chart. */
  const link = () => {
    mkdirSync(join(folder, "..", "shared"));
    writeFileSync(join(folder, "..", "shared", "proxy.yaml"), "kind: Deployment\n");
    symlinkSync("../shared", join(folder, "linked"));
  };

  const rows: { what: string; prepare?: () => void; change: () => void }[] = [
    { what: "an edited file", change: () => writeFileSync(join(folder, "templates", "proxy.yaml"), "kind: Job\n") },
    { what: "a new file", change: () => writeFileSync(join(folder, "values.yaml"), "") },
    { what: "a file that is gone", change: () => rmSync(join(folder, "Chart.yaml")) },
    {
      what: "an edited file behind a link to a folder",
      prepare: () => link(),
      change: () => writeFileSync(join(folder, "..", "shared", "proxy.yaml"), "kind: Job\n"),
    },
    {
      what: "an edited file behind a link to a file",
      prepare: () => {
        link();
        symlinkSync("../shared/proxy.yaml", join(folder, "values.yaml"));
      },
      change: () => writeFileSync(join(folder, "..", "shared", "proxy.yaml"), "a: 1\n"),
    },
    {
      what: "a link that leads elsewhere",
      prepare: () => symlinkSync("nowhere", join(folder, "gone")),
      change: () => {
        rmSync(join(folder, "gone"));
        symlinkSync("elsewhere", join(folder, "gone"));
      },
    },
    {
      what: "a file beside a link that has no end",
      prepare: () => symlinkSync("..", join(folder, "templates", "up")),
      change: () => writeFileSync(join(folder, "templates", "proxy.yaml"), "kind: Job\n"),
    },
    {
      what: "a file with another name",
      change: () => renameSync(join(folder, "Chart.yaml"), join(folder, "chart.yaml")),
    },
  ];
  for (const { what, change, prepare } of rows) {
    it(`moves with ${what}`, () => {
      prepare?.();
      const before = digest();
      change();
      expect(digest())
        .to.match(/^[0-9a-f]{64}$/)
        .and.not.equal(before);
    });
  }

  it("is the same for a copy elsewhere", () => {
    const copy = join(folder, "..", "copy");
    cpSync(folder, copy, { recursive: true });
    expect(digest(copy)).to.equal(digest());
  });

  it("is not there for a chart that is fetched, and for a folder that is not there", () => {
    const chart = { name: "milvus", version: "4.2.20", location: "https://charts.example.com" };
    expect(chartFolderDigest({ ...chart, kind: "repository" })).to.equal(undefined);
    expect(digest("/nowhere")).to.equal(undefined);
  });
});
