import { expect } from "chai";
import { ConfigError, containerEnvironment, expand, type Lookups } from "../../../sandbox/podRunner/environment";
import { jobPod } from "../../support/fakeApi";

const lookups: Lookups = {
  configMap: (name) => Promise.resolve(name === "settings" ? { level: "info" } : undefined),
  secret: (name) => Promise.resolve(name === "login" ? { user: "root" } : undefined),
};
const pod = { ...jobPod({ serviceAccountName: "stopper" }) };
const environment = (env: object[], envFrom: object[] = []) =>
  containerEnvironment(pod, { name: "main", env, envFrom } as Parameters<typeof containerEnvironment>[1], lookups);
const failure = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("environment of a container", () => {
  it("takes values, fields, ConfigMaps and Secrets", async () => {
    const env = await environment(
      [
        { name: "A", value: "1" },
        { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "ACCOUNT", valueFrom: { fieldRef: { fieldPath: "spec.serviceAccountName" } } },
        { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "settings", key: "level" } } },
        { name: "USER", valueFrom: { secretKeyRef: { name: "login", key: "user" } } },
        { name: "BOTH", value: "$(A)-$(LEVEL)-$(NONE)-$$(A)" },
      ],
      [{ prefix: "C_", configMapRef: { name: "settings" } }],
    );
    expect(env).to.deep.equal({
      C_level: "info",
      A: "1",
      POD: "job-abc",
      ACCOUNT: "stopper",
      LEVEL: "info",
      USER: "root",
      BOTH: "1-info-$(NONE)-$(A)",
    });
  });

  for (const { title, reference, message } of [
    {
      title: "a ConfigMap that is missing",
      reference: { configMapKeyRef: { name: "no", key: "k" } },
      message: 'configmap "no" not found',
    },
    {
      title: "a Secret that is missing",
      reference: { secretKeyRef: { name: "no", key: "k" } },
      message: 'secret "no" not found',
    },
    {
      title: "a key that is missing",
      reference: { configMapKeyRef: { name: "settings", key: "k" } },
      message: "couldn't find key k in configMap db/settings",
    },
  ]) {
    it(`${title} holds the container up and is named`, async () => {
      const error = await failure(environment([{ name: "A", valueFrom: reference }]));
      expect(error).to.be.instanceOf(ConfigError).with.property("message", message);
    });
  }

  it("an optional reference that leads nowhere is left out", async () => {
    const reference = { configMapKeyRef: { name: "no", key: "k", optional: true } };
    expect(await environment([{ name: "A", valueFrom: reference }])).to.deep.equal({});
  });

  it("$(NAME) is expanded in arguments as well", () => {
    expect(expand("--to=$(TO)", { TO: "2.2.9" })).to.equal("--to=2.2.9");
  });
});
