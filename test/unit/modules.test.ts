import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";

const ROOT = path.join(__dirname, "..", "..");
/** What Pulumi's own language host loads. */
const ROOMS = ["cluster", "components", "config", "manifests", "process", "run", "upgrade", "verify"];

describe("a file of data beside the code", () => {
  it("has a name of its own: Node takes x.json before x.ts where Pulumi loads the program", () => {
    const hidden = ROOMS.flatMap((room) =>
      readdirSync(path.join(ROOT, room), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".json"))
        .map((name) => path.join(room, name))
        .filter((name) => existsSync(path.join(ROOT, name.replace(/\.json$/, ".ts")))),
    );
    expect(hidden).to.deep.equal([]);
  });
});
