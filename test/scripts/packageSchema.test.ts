import { readFileSync } from "node:fs";
import { expect } from "chai";
import { packageSchema, SCHEMA_FILE } from "../../plugin/schema";

describe("the schema of the package", () => {
  // A compiler reads the whole project for it: npm test looks at names and words alone (test/unit/plugin/schema.test.ts).
  it("is what the sources say: npm run docs:component", () => {
    expect(readFileSync(SCHEMA_FILE, "utf8")).to.equal(packageSchema());
  });
});
