import { expect } from "chai";
import { messageOf, resourceNames } from "../../../sandbox/provider/helmCli";

describe("the stand-in provider's use of Helm", () => {
  const result = (stderr: string) => ({ exitCode: 1, stdout: "", stderr, timedOut: false });
  const messages = [
    {
      stderr: "Error: INSTALLATION FAILED: cannot re-use a name that is still in use\n",
      message: "cannot re-use a name that is still in use",
    },
    {
      stderr:
        "WARNING: Kubernetes configuration file is group-readable.\nError: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n",
      message: "another operation (install/upgrade/rollback) is in progress",
    },
    {
      stderr: "Error: uninstall: Release not loaded: x: release: not found",
      message: "uninstall: Release not loaded: x: release: not found",
    },
    { stderr: "", message: "helm gave no reason" },
  ];
  for (const { stderr, message } of messages) {
    it(`says "${message}"`, () => {
      expect(messageOf(result(stderr))).to.equal(message);
    });
  }

  it("names what a manifest holds by kind and version, in its order", () => {
    const manifest = [
      "---\n# Source: a.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    name: not-this\n  name: b\n",
      '---\napiVersion: v1\nkind: Service\nmetadata:\n  name: "a"\n  namespace: milvus\nspec:\n  name: nor-this\n',
      "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\n",
      "---\n# nothing\n",
    ].join("");
    expect(resourceNames(manifest)).to.deep.equal({ "Service/v1": ["b", "milvus/a"], "Deployment/apps/v1": ["d"] });
  });
});
