import { expect } from "chai";
import { lostToNpm } from "../../../cli/npmOptions";

describe("options that npm has kept to itself", () => {
  const rows: { title: string; env: NodeJS.ProcessEnv; args: readonly string[]; says: string | undefined }[] = [
    {
      title: "npm run adopt --release=my-release --namespace=milvus",
      env: { npm_lifecycle_event: "adopt", npm_config_release: "my-release", npm_config_namespace: "milvus" },
      args: ["adopt"],
      says: "npm run adopt -- --release my-release --namespace milvus",
    },
    {
      title: "npm run plan --stack prod (npm 10: the value is an argument)",
      env: { npm_lifecycle_event: "plan", npm_config_stack: "true" },
      args: ["plan", "prod"],
      says: "npm run plan -- --stack prod",
    },
    {
      title: "npm run adopt --release r --stack prod (which word is whose is not known)",
      env: { npm_lifecycle_event: "adopt", npm_config_release: "true", npm_config_stack: "true" },
      args: ["adopt", "r", "prod"],
      says: "npm run adopt -- --release VALUE --stack VALUE",
    },
    {
      title: "npm run plan -- --stack prod",
      env: { npm_lifecycle_event: "plan" },
      args: ["plan", "--stack", "prod"],
      says: undefined,
    },
    { title: "without npm", env: { npm_config_stack: "prod" }, args: ["plan"], says: undefined },
  ];
  for (const { title, env, args, says } of rows) {
    it(title, () => {
      const said = lostToNpm(env, args);
      if (says === undefined) expect(said).to.equal(undefined);
      else expect(said).to.contain(says);
    });
  }
});
