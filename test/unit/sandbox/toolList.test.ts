import { expect } from "chai";
import { cacheEntry, goIsAtLeast, namesVersion, TOOL_NAMES, TOOLS } from "../../../sandbox/toolList";

describe("pinned tools", () => {
  const outputs = [
    { output: "etcd Version: 3.6.14\nGit SHA: HEAD\nGo Version: go1.26.8\n", version: "v3.6.14", is: true },
    { output: "etcd Version: 3.6.1\nGo Version: go3.6.14\n", version: "v3.6.14", is: false },
    { output: "Kubernetes v1.36.3\n", version: "v1.36.3", is: true },
    { output: "Client Version: v1.36.3\nKustomize Version: v5.8.1\n", version: "v1.36.3", is: true },
    { output: "Client Version: v1.35.0\nServer Version: v1.36.3\n", version: "v1.36.3", is: false },
    { output: "kwokctl version v0.8.0 linux/amd64\n", version: "v0.8.0", is: true },
    { output: "v3.20.2+g8fb76d6", version: "v3.20.2", is: true },
    { output: "v3.20.20", version: "v3.20.2", is: false },
    { output: "v3.259.0-alpha.1", version: "v3.259.0", is: false },
    { output: "", version: "v3.259.0", is: false },
  ];
  for (const { output, version, is } of outputs) {
    it(`${JSON.stringify(output.split("\n")[0])} is ${is ? "" : "not "}${version}`, () => {
      expect(namesVersion(output, version)).to.equal(is);
    });
  }

  const compilers = [
    { go: "go1.26.8", required: "1.26.0", enough: true },
    { go: "go1.26.0", required: "1.26", enough: true },
    { go: "go1.27rc1", required: "1.26.0", enough: true },
    { go: "go1.25.9", required: "1.26.0", enough: false },
    { go: "go1.9", required: "1.26.0", enough: false },
  ];
  for (const { go, required, enough } of compilers) {
    it(`${go} is ${enough ? "" : "not "}enough for Go ${required}`, () => {
      expect(goIsAtLeast(go, required)).to.equal(enough);
    });
  }

  it("a changed go.sum, flag or platform gives another cache folder, the same gives the same", () => {
    const entries = [
      cacheEntry(TOOLS.helm, ["module a", "sum a"], "linux/x64"),
      cacheEntry(TOOLS.helm, ["module a", "sum b"], "linux/x64"),
      cacheEntry(TOOLS.helm, ["module asum a", ""], "linux/x64"),
      cacheEntry({ ...TOOLS.helm, ldflags: "-s" }, ["module a", "sum a"], "linux/x64"),
      cacheEntry(TOOLS.helm, ["module a", "sum a"], "darwin/arm64"),
    ];
    expect(new Set(entries).size).to.equal(entries.length);
    expect(entries[0]).to.match(/^helm-v3\.20\.2-[0-9a-f]{8}$/);
    expect(cacheEntry(TOOLS.helm, ["module a", "sum a"], "linux/x64")).to.equal(entries[0]);
  });

  it("every tool is pinned under its own name, and its version is in its flags where it needs to know it", () => {
    for (const name of TOOL_NAMES) {
      expect(TOOLS[name].name).to.equal(name);
    }
    for (const name of ["kubectl", "kwok", "helm", "helm4", "pulumi"] as const) {
      expect(TOOLS[name].ldflags).to.contain(`=${TOOLS[name].version}`);
    }
  });
});
